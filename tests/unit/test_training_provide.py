import hashlib
from pathlib import Path

import pytest

from artifact import DigestMismatch
from artifact.digest import digest_file_of, list_digests, write_digest
from training.provide import StarterMissing, provide


class Trainer:
    """Writes which images it saw instead of a model."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, data: Path, part: Path) -> None:
        self.runs += 1
        images = sorted(path.name for path in data.rglob("*.png"))
        part.write_text(f"trained on {images}")


def test_without_images_the_starter_model_is_provided(place):
    sentence = provide(place / "none", place / "starter.pt", place / "weights" / "model.pt", no_training)
    assert (place / "weights" / "model.pt").read_bytes() == b"the starter"
    assert "starter" in sentence


def test_an_empty_data_folder_counts_as_no_images(place):
    (place / "data").mkdir()
    provide(place / "data", place / "starter.pt", place / "model.pt", no_training)
    assert (place / "model.pt").read_bytes() == b"the starter"


def test_with_images_a_model_is_trained(place):
    add_image(place, "a.png")
    provide(place / "data", place / "starter.pt", place / "model.pt", Trainer())
    assert (place / "model.pt").read_text() == "trained on ['a.png']"


def test_a_second_start_trains_nothing_again(place):
    add_image(place, "a.png")
    trainer = Trainer()
    for _ in range(2):
        provide(place / "data", place / "starter.pt", place / "model.pt", trainer)
    assert trainer.runs == 1


def test_new_images_are_trained_on(place):
    add_image(place, "a.png")
    trainer = Trainer()
    provide(place / "data", place / "starter.pt", place / "model.pt", trainer)
    add_image(place, "b.png")
    provide(place / "data", place / "starter.pt", place / "model.pt", trainer)
    assert (place / "model.pt").read_text() == "trained on ['a.png', 'b.png']"


def test_a_trained_model_survives_that_its_images_are_taken_away(place):
    add_image(place, "a.png")
    provide(place / "data", place / "starter.pt", place / "model.pt", Trainer())
    sentence = provide(place / "none", place / "starter.pt", place / "model.pt", no_training)
    assert (place / "model.pt").read_text() == "trained on ['a.png']"
    assert "stays" in sentence


def test_a_newer_starter_replaces_the_older_one(place):
    provide(place / "none", place / "starter.pt", place / "model.pt", no_training)
    (place / "starter.pt").write_bytes(b"a newer starter")
    provide(place / "none", place / "starter.pt", place / "model.pt", no_training)
    assert (place / "model.pt").read_bytes() == b"a newer starter"


def test_the_model_s_digest_stands_beside_it_and_is_written_where_it_is_missing(place):
    for _ in range(2):
        provide(place / "none", place / "starter.pt", place / "model.pt", no_training)
        assert list_digests(place / "model.pt") == {hashlib.sha256(b"the starter").hexdigest()}
        digest_file_of(place / "model.pt").unlink()


def test_the_digest_of_a_trained_model_takes_the_place_of_the_one_before(place):
    provide(place / "none", place / "starter.pt", place / "model.pt", no_training)
    add_image(place, "a.png")

    def train(data: Path, part: Path) -> None:
        part.write_text("trained")
        write_digest(part)

    provide(place / "data", place / "starter.pt", place / "model.pt", train)
    assert list_digests(place / "model.pt") == {hashlib.sha256(b"trained").hexdigest()}
    assert not list(place.glob("*.partial*"))


def test_a_starter_that_is_not_what_its_digest_says_is_not_provided(place):
    write_digest(place / "starter.pt")
    (place / "starter.pt").write_bytes(b"damaged")
    with pytest.raises(DigestMismatch):
        provide(place / "none", place / "starter.pt", place / "model.pt", no_training)
    assert not (place / "model.pt").exists()


def test_a_training_that_fails_leaves_the_model_before_it_and_no_remains(place):
    provide(place / "none", place / "starter.pt", place / "model.pt", no_training)
    add_image(place, "a.png")

    def fail(data: Path, part: Path) -> None:
        part.write_text("half a mod")
        raise ValueError("no patients")

    with pytest.raises(ValueError, match="no patients"):
        provide(place / "data", place / "starter.pt", place / "model.pt", fail)
    assert (place / "model.pt").read_bytes() == b"the starter"
    assert not list(place.glob("*.partial"))


def test_with_neither_images_nor_starter_it_says_where_they_should_be(place):
    with pytest.raises(StarterMissing, match=r"train_dataset.*absent\.pt"):
        provide(place / "none", place / "absent.pt", place / "model.pt", no_training)


def no_training(data: Path, part: Path) -> None:
    raise AssertionError("nothing was to be trained")


def add_image(place: Path, name: str) -> None:
    folder = place / "data" / "train_dataset" / "benign"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"an image")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a starter model in it."""
    (tmp_path / "starter.pt").write_bytes(b"the starter")
    return tmp_path
