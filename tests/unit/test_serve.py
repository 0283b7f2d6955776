"""What stands in the way of a service is said in one line, before anything listens."""

import socket
from typing import Annotated

import pytest
from fastapi import FastAPI
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from web.serve import Unservable, _listen, run
from web.settings import ServiceSettings


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="MADEUP_")

    port: Annotated[int, Field(ge=0, le=65535)] = 0
    secret: Annotated[str, Field(max_length=3)] = ""


def refuse(settings: Settings) -> FastAPI:
    raise Unservable("There is nothing to serve.")


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        pytest.param("HOST", "0.0.0.0", "MADEUP_ALLOW_ANONYMOUS=true", id="beyond loopback"),  # noqa: S104 - refused
        pytest.param("HOST", "192.0.2.7", "MADEUP_ALLOW_ANONYMOUS=true", id="an address of a network"),
        pytest.param("HOST", "example.test", "MADEUP_ALLOW_ANONYMOUS=true", id="a name"),
        pytest.param("PORT", "70000", "MADEUP_PORT: ", id="no port"),
        pytest.param("SECRET", "hush hush", "MADEUP_SECRET: ", id="a bad setting"),
        pytest.param("HOST", "", "There is nothing to serve.", id="nothing to serve"),
    ],
)
def test_what_stands_in_the_way_is_one_line(variable, value, line, monkeypatch, capsys):
    monkeypatch.setenv(f"MADEUP_{variable}", value)
    assert run("made-up", Settings, refuse) == 1
    said = capsys.readouterr().err
    assert line in said
    assert len(said.strip().splitlines()) == 1
    assert "hush" not in said


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_loopback_needs_no_permission(host, monkeypatch, capsys):
    monkeypatch.setenv("MADEUP_HOST", host)
    run("made-up", Settings, refuse)
    assert "There is nothing to serve." in capsys.readouterr().err


def test_a_port_that_is_taken_is_named(monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("MADEUP_PORT", str(port))
        assert run("made-up", Settings, lambda _: FastAPI()) == 1
    assert f"cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err


def test_an_answer_does_not_wait_until_its_head_is_acknowledged():
    with (
        _listen("127.0.0.1", 0, "made-up") as listener,
        socket.create_connection(listener.getsockname()),
        listener.accept()[0] as accepted,
    ):
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
