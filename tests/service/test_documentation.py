import re

import httpx
import pytest
from fastapi.testclient import TestClient

from chat_service.app import create_app
from chat_service.settings import Settings


@pytest.fixture
def client():
    return TestClient(create_app(Settings(), transport=httpx.MockTransport(lambda _: httpx.Response(500))))


def test_the_page_of_the_api_loads_nothing_from_other_hosts(client):
    page = client.get("/docs")
    assert page.status_code == 200
    places = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert places
    for place in places:
        assert place.startswith("/")
        assert client.get(place).status_code == 200


def test_the_api_describes_its_errors_as_problems(client):
    document = client.get("/openapi.json").json()
    (media_type, refusal), *_ = document["paths"]["/explain"]["post"]["responses"]["422"]["content"].items()
    assert media_type == "application/problem+json"
    assert refusal["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert "request_id" in document["components"]["schemas"]["Problem"]["properties"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
