"""What the tests of the services may ask for."""

from collections.abc import Iterator

import pytest

from tests.mistral_imitation import MistralImitation, serve_imitation


@pytest.fixture(scope="session")
def mistral_server() -> Iterator[MistralImitation]:
    """An imitation of Mistral that all tests share."""
    with serve_imitation() as imitation:
        yield imitation


@pytest.fixture
def mistral(mistral_server: MistralImitation) -> MistralImitation:
    """The same, without memory of other tests."""
    mistral_server.forget()
    return mistral_server
