"""Each service is killed and comes back by itself.

Killed is the process inside, as by a crash or for want of memory. What `docker kill` ends stays down, by
Docker's rule, and so it does under podman; a start of the whole machine cannot be shown here.
"""

import pytest

from tests.containers.conftest import await_status, await_true

pytestmark = pytest.mark.timeout(3600)
HEALTH = {
    "inference": "{0.inference}/health/ready",
    "chat": "{0.chat}/health/ready",
    "page": "{0.page}/_stcore/health",
    "gateway": "{0.page}/_stcore/health",
}


@pytest.mark.parametrize("service", HEALTH)
def test_a_service_that_was_killed_comes_back(service, compose, record_property):
    url = HEALTH[service].format(compose)
    await_status(url)
    before = compose.find_main(service)
    assert before[0]
    compose.execute(service, "sh", "-c", f"kill -9 {before[0]}")
    seconds = await_true(lambda: compose.find_main(service)[1] not in {"", before[1]}, seconds=60)
    seconds += await_status(url)
    record_property(f"seconds until {service} was back", round(seconds, 1))


def test_while_a_service_is_down_the_gateway_says_so(compose, client):
    compose.run("stop", "chat")
    reply = client.post(f"{compose.chat}/explain", json={})
    assert reply.status_code == 503
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["type"] == "/problems/not-ready"
    assert client.get(f"{compose.inference}/health/ready").status_code == 200
    compose.run("start", "chat")
    await_status(f"{compose.chat}/health/ready")


def test_a_case_that_began_before_a_kill_can_be_explained_after_it(compose, client, sample):
    prediction = client.post(f"{compose.inference}/predict", files={"file": ("image", sample)}).json()
    for service in ("inference", "chat"):
        pid, start = compose.find_main(service)
        compose.execute(service, "sh", "-c", f"kill -9 {pid}")
        await_true(
            lambda service=service, start=start: compose.find_main(service)[1] not in {"", start}, seconds=60
        )
    await_status(f"{compose.chat}/health/ready")
    assert client.post(f"{compose.chat}/explain", json={"prediction": prediction}).status_code == 200
