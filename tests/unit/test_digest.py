"""The digest beside a model file, and that it fits at every moment of an exchange."""

import hashlib
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from artifact import ArtifactInvalid, DigestMismatch, DigestMissing
from artifact.digest import digest_file_of, list_digests, publish, read_verified, write_digest

OLD, NEW = b"the old one" * 1000, b"the new one" * 2000


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    write_digest(path)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file with its digest."""
    return put(tmp_path / "model.pt", OLD)


@pytest.mark.parametrize(
    "line",
    [
        "{}  model.pt\n",
        "{} *model.pt\r\n",
        "{}\n",
        "{}",
        "{}  /somewhere else/starter.pt",
        "\\{}  odd\\nname.pt\n",
    ],
)
def test_a_digest_file_is_read_as_sha256sum_and_others_write_it(path, line):
    for digest in (sha256(OLD), sha256(OLD).upper()):
        digest_file_of(path).write_bytes(line.replace("{}", digest).encode())
        assert list_digests(path) == {sha256(OLD)}


def test_sha256sum_agrees_with_what_is_written(path):
    checked = subprocess.run(["sha256sum", "-c", "model.pt.sha256"], cwd=path.parent, check=False)
    assert checked.returncode == 0


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\n", id="blank"),
        pytest.param(b"no digest", id="words"),
        pytest.param(b"0" * 63, id="short"),
        pytest.param(b"0" * 65, id="long"),
        pytest.param(b"g" * 64, id="no hexadecimal"),
        pytest.param(b"\xff\xfe" + b"0\0" * 64, id="UTF-16"),
        pytest.param(b"0" * 64 + b"\nand more", id="a line too many"),
        pytest.param(b"0" * 10**5, id="endless"),
    ],
)
def test_what_is_no_digest_stops_the_file_and_says_how_to_write_one(path, content):
    digest_file_of(path).write_bytes(content)
    with pytest.raises(ArtifactInvalid, match=r"sha256sum model\.pt > model\.pt\.sha256"):
        read_verified(path, None, unverified=True)


def test_a_digest_that_cannot_be_read_stops_the_file(path):
    digest_file_of(path).unlink()
    digest_file_of(path).mkdir()
    with pytest.raises(ArtifactInvalid, match="cannot be read"):
        read_verified(path, None, unverified=True)


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-1], lambda data: data + b"0", lambda data: b"T" + data[1:]],
    ids=["cut", "longer", "one letter"],
)
def test_a_file_of_another_digest_is_refused(path, damage):
    path.write_bytes(damage(OLD))
    with pytest.raises(DigestMismatch, match=r"model\.pt\.sha256 says"):
        read_verified(path, None, unverified=True)


def test_a_demanded_digest_counts_whatever_stands_beside_the_file(path):
    digest_file_of(path).write_text("nonsense")
    assert read_verified(path, sha256(OLD), unverified=False) == OLD
    with pytest.raises(DigestMismatch, match="INFERENCE_MODEL_SHA256 says"):
        read_verified(path, sha256(NEW), unverified=False)


def test_a_file_without_a_digest_is_read_only_where_it_may_be(path):
    digest_file_of(path).unlink()
    assert read_verified(path, None, unverified=True) == OLD
    with pytest.raises(DigestMissing, match=r"model\.pt\.sha256 beside it"):
        read_verified(path, None, unverified=False)


def test_a_published_file_has_its_digest_and_nothing_else_is_left(path):
    for data in (NEW, NEW, OLD):
        (path.parent / "part").write_bytes(data)
        publish(path.parent / "part", path)
        assert read_verified(path, None, unverified=False) == data
        assert list_digests(path) == {sha256(data)}
        assert {entry.name for entry in path.parent.iterdir()} == {"model.pt", "model.pt.sha256"}


def test_a_first_file_is_published_where_there_was_none(tmp_path):
    (tmp_path / "part").write_bytes(NEW)
    publish(tmp_path / "part", tmp_path / "model.pt")
    assert read_verified(tmp_path / "model.pt", None, unverified=False) == NEW


def test_whoever_reads_while_files_are_exchanged_always_finds_one_that_fits(path):
    done, read, wrong = threading.Event(), set(), []

    def reader() -> None:
        while not done.is_set():
            try:
                read.add(read_verified(path, None, unverified=False))
            except (DigestMismatch, DigestMissing) as error:
                wrong.append(error)

    thread = threading.Thread(target=reader)
    thread.start()
    for turn in range(100):
        (path.parent / "part").write_bytes(NEW if turn % 2 else OLD)
        publish(path.parent / "part", path)
    done.set()
    thread.join()
    assert read == {OLD, NEW}
    assert wrong == []


KILLED = """
import os, random, signal, sys, time
from pathlib import Path
from artifact.digest import publish, read_verified

path = Path(sys.argv[1])
part = path.with_name("part")
moments = random.Random(1)
for turn in range(40):
    child = os.fork()
    while child == 0:
        for data in (b"the new one" * 2000, b"the old one" * 1000):
            part.write_bytes(data)
            publish(part, path)
    time.sleep(moments.uniform(0.005, 0.05))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    read_verified(path, None, unverified=False)
"""


def test_a_kill_at_any_moment_leaves_a_file_whose_digest_fits(path):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert read_verified(path, None, unverified=False) in (OLD, NEW)
