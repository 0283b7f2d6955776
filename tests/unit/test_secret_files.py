"""Secrets that containers are handed as files, and the one that each installation makes for itself."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import FastAPI

from chat_service.settings import MistralSettings
from contract.example import EXAMPLE
from inference_service.settings import Settings
from web.secret import make_secret, provide
from web.secret_files import MOST, SecretUnreadable
from web.serve import run
from web.signing import Seal, SigningSettings, parse_keys


@pytest.fixture
def made(tmp_path, monkeypatch):
    """A file with a secret that is made for this installation, and the variable that names it."""
    path = tmp_path / "key"
    assert provide(path)
    monkeypatch.delenv("PREDICTION_SIGNING_KEY", raising=False)
    monkeypatch.setenv("PREDICTION_SIGNING_KEY_FILE", str(path))
    return path


def test_what_is_signed_with_a_secret_in_a_file_is_verified_with_it(made):
    signed = Seal.of(SigningSettings()).sign(EXAMPLE)
    assert signed.signature is not None
    Seal.of(SigningSettings()).verify(signed)


def test_the_environment_comes_before_the_file(made, monkeypatch):
    monkeypatch.setenv("PREDICTION_SIGNING_KEY", f"mine:{'ab' * 32}")
    signature = Seal.of(SigningSettings()).sign(EXAMPLE).signature or ""
    assert signature.startswith("mine.")


def test_an_empty_variable_leaves_the_word_to_the_file(made, monkeypatch):
    monkeypatch.setenv("PREDICTION_SIGNING_KEY", "")
    assert SigningSettings().signing_key is not None


def test_an_empty_file_is_no_secret(monkeypatch):
    monkeypatch.delenv("PREDICTION_SIGNING_KEY", raising=False)
    monkeypatch.setenv("PREDICTION_SIGNING_KEY_FILE", "/dev/null")
    assert SigningSettings().signing_key is None


def test_white_space_around_a_secret_is_the_file_s(tmp_path, monkeypatch):
    (tmp_path / "key").write_text("\n made-up-key \n")
    monkeypatch.delenv("MISTRAL_API_KEY", raising=False)
    monkeypatch.setenv("MISTRAL_API_KEY_FILE", str(tmp_path / "key"))
    key = MistralSettings().api_key
    assert key is not None
    assert key.get_secret_value() == "made-up-key"


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"a" * (MOST + 1)])
def test_a_file_that_cannot_be_read_is_said_by_its_variable(content, tmp_path, monkeypatch):
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    monkeypatch.setenv("MISTRAL_API_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(SecretUnreadable, match="MISTRAL_API_KEY_FILE"):
        MistralSettings()


def test_a_service_that_cannot_read_its_secret_does_not_start(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("INFERENCE_AUDIT_KEY_FILE", str(tmp_path / "nowhere"))
    assert run("inference", Settings, lambda _: FastAPI()) == 1
    assert capsys.readouterr().err.startswith("INFERENCE_AUDIT_KEY_FILE: ")


def test_what_is_no_secret_is_not_read_from_files(tmp_path, monkeypatch):
    (tmp_path / "host").write_text("192.0.2.7")
    monkeypatch.setenv("INFERENCE_HOST_FILE", str(tmp_path / "host"))
    assert Settings().host == "127.0.0.1"


def test_a_secret_is_made_once_and_for_its_owner_only(tmp_path):
    path = tmp_path / "key"
    command = [sys.executable, "-m", "web.secret", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    first = path.read_text()
    assert parse_keys(first.strip())
    assert path.stat().st_mode & 0o077 == 0
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert path.read_text() == first
    assert first.partition(":")[2].strip() not in said


def test_of_many_that_begin_at_once_one_leaves_a_secret(tmp_path):
    with ThreadPoolExecutor(16) as pool:
        new = list(pool.map(lambda _: provide(tmp_path / "key"), range(64)))
    assert sum(new) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_place_that_cannot_be_written_to_is_one_line(tmp_path):
    command = [sys.executable, "-m", "web.secret", str(tmp_path / "no" / "key")]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1


def test_no_two_installations_share_a_secret():
    assert len({make_secret() for _ in range(100)}) == 100
