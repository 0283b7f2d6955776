"""How access is set by environment, and what a service without heavy libraries imports."""

import hashlib
import subprocess
import sys

import pytest
from fastapi import FastAPI
from pydantic import ValidationError
from pydantic_settings import SettingsConfigDict

from web.app import create_service
from web.metrics import create_registry
from web.serve import Unservable, run
from web.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="MADEUP_")

    port: int = 0


def build(settings: Settings) -> FastAPI:
    create_service(
        title="made-up",
        description="d",
        settings=settings,
        registry=create_registry(),
        body_limit=1000,
        lifespan=None,
        problems={},
        why_not_ready=lambda _: None,
    )
    raise Unservable("It would have been served.")


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys.txt"
    path.write_text(f"pacs sha256:{hashlib.sha256(b'key').hexdigest()}\n")
    return path


def said(capsys):
    assert run("made-up", Settings, build) == 1
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


def test_with_keys_a_service_may_listen_beyond_loopback(keys, monkeypatch, capsys):
    monkeypatch.setenv("MADEUP_HOST", "0.0.0.0")  # noqa: S104 - nothing listens
    assert "MADEUP_API_KEYS" in said(capsys)
    monkeypatch.setenv("MADEUP_API_KEYS", str(keys))
    assert said(capsys) == "It would have been served."


def test_a_file_of_keys_that_cannot_be_used_is_told_in_one_line(keys, monkeypatch, capsys):
    monkeypatch.setenv("MADEUP_API_KEYS", str(keys))
    keys.write_text("pacs hush-hush\n")
    line = said(capsys)
    assert "line 1 is no key" in line
    assert "hush" not in line
    keys.unlink()
    assert "cannot be read" in said(capsys)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TRUSTED_PROXIES", "*"),
        ("TRUSTED_PROXIES", "proxy.example.org"),
        ("TRUSTED_PROXIES", "10.0.0.1/8"),
        ("CORS_ORIGINS", "https://a.example,hush"),
        ("RATE_LIMIT", "-1"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named_without_its_value(variable, value, monkeypatch, capsys):
    monkeypatch.setenv(f"MADEUP_{variable}", value)
    line = said(capsys)
    assert line.startswith(f"MADEUP_{variable}: ")
    assert "hush" not in line


def test_lists_are_written_with_commas(monkeypatch):
    monkeypatch.setenv("MADEUP_TRUSTED_PROXIES", " 10.0.0.7, 10.1.0.0/16 ,,::1")
    monkeypatch.setenv("MADEUP_CORS_ORIGINS", "https://a.example,http://localhost:5173,https://[::1]:8443")
    settings = Settings()
    assert settings.trusted_proxies == ("10.0.0.7", "10.1.0.0/16", "::1")
    assert settings.cors_origins == ("https://a.example", "http://localhost:5173", "https://[::1]:8443")
    assert Settings(cors_origins="", trusted_proxies="").cors_origins == ()


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(ValidationError):
        Settings().rate_limit = 5


def run_python(program, **variables):
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": "", **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done


def test_the_chat_service_imports_nothing_heavy_and_no_exporter(root):
    program = """
import sys
from chat_service.app import create_app
from chat_service.settings import Settings
create_app(Settings())
heavy = {"torch", "numpy", "PIL", "requests", "opentelemetry.sdk", "opentelemetry.exporter", "pandas"}
print(sorted(heavy & set(sys.modules)))
"""
    assert run_python(program, PYTHONPATH=str(root)).stdout == "[]\n"


def test_without_the_libraries_for_traces_a_service_starts_and_says_so(root):
    program = """
import sys
sys.modules["opentelemetry.sdk.trace"] = None
from chat_service.app import create_app
from chat_service.settings import Settings
create_app(Settings())
"""
    variables = {"PYTHONPATH": str(root), "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    assert "install the extra `tracing`" in run_python(program, **variables).stderr
