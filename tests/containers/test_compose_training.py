"""Training on images of one's own in its container, and the new model in use without a restart."""

import shutil

import pytest

from tests.containers.conftest import await_true
from training.rendered import write_data_set

pytestmark = pytest.mark.timeout(3600)


@pytest.fixture(scope="module")
def own_images(compose, tmp_path_factory):
    """A small folder as a hospital would sort it, put where the containers have looked for one in vain."""
    drawn = write_data_set(tmp_path_factory.mktemp("own") / "drawn", limit=40)
    shutil.copytree(drawn, compose.environment["DATASET_DIR"], dirs_exist_ok=True)


def test_a_model_is_trained_on_a_folder_and_taken_over_by_the_running_service(
    compose, client, own_images, sample, record_property
):
    before = client.get(f"{compose.inference}/model").json()
    running = compose.find_main("inference")
    compose.run("start", "training")

    def is_taken_over() -> bool:
        assert "Traceback" not in compose.run("logs", "training", check=False).stdout
        return client.get(f"{compose.inference}/model").json() != before

    seconds = await_true(is_taken_over, seconds=1200)
    record_property("seconds to train on 80 rendered pictures and take the model over", round(seconds))
    assert compose.find_main("inference") == running
    reply = client.post(f"{compose.inference}/predict", files={"file": ("image", sample)})
    assert reply.status_code == 200
    explained = client.post(f"{compose.chat}/explain", json={"prediction": reply.json()})
    assert explained.status_code == 200


def test_a_start_with_the_same_images_trains_nothing(compose, client):
    before = client.get(f"{compose.inference}/model").json()
    compose.start()
    assert "is up to date" in compose.run("logs", "training", check=False).stdout
    assert client.get(f"{compose.inference}/model").json() == before
