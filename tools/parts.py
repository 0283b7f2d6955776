"""What `make run` starts, and on which ports."""

import os
import socket
from typing import NamedTuple

from tools.children import Child

HOST = "127.0.0.1"
"""`make run` serves this machine only; the containers are there for others."""
HIGHEST_PORT = 65535


class PortUnusable(Exception):
    """A port cannot be listened on; the message names it and the variable that chooses another."""


class Part(NamedTuple):
    """Something to start: where it listens, what it is run as, and where it says that it is ready."""

    name: str
    variable: str
    """The environment variable that moves it to another port."""
    port: int
    arguments: list[str]
    ready: str

    @property
    def url(self) -> str:
        """Where it is reached."""
        return f"http://{HOST}:{self.port}"


def list_parts() -> list[Part]:
    """Return what is to be started, on the ports that the environment names.

    Raises:
        PortUnusable: if a port is not a number between 1 and 65535.
    """
    inference, chat = _port("INFERENCE_PORT", 8000), _port("CHAT_PORT", 8001)
    page = _port("UI_PORT", 8501)
    streamlit = ["streamlit", "run", "ui/app.py", "--server.headless", "true"]
    streamlit += ["--server.address", HOST, "--server.port", str(page)]
    return [
        Part("inference service", "INFERENCE_PORT", inference, ["inference_service"], "/health/ready"),
        Part("chat service", "CHAT_PORT", chat, ["chat_service"], "/health/ready"),
        Part("page", "UI_PORT", page, streamlit, "/_stcore/health"),
    ]


def _port(variable: str, default: int) -> int:
    text = os.environ.get(variable) or str(default)
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= HIGHEST_PORT):
        raise PortUnusable(f"{variable} must be a port number between 1 and {HIGHEST_PORT}.")
    return int(text)


def check_ports(parts: list[Part]) -> None:
    """Make sure that every port is free before anything is started.

    Raises:
        PortUnusable: if one is not.
    """
    for number, part in enumerate(parts):
        advice = f"Choose another: {part.variable}={min(part.port + 10, HIGHEST_PORT)} make run"
        if part.port in [other.port for other in parts[:number]]:
            raise PortUnusable(f"Port {part.port} is asked for twice. {advice}")
        try:
            socket.create_server((HOST, part.port)).close()
        except OSError as error:
            reason = os.strerror(error.errno or 0).lower()
            message = f"Port {part.port}, which the {part.name} needs, cannot be used ({reason}). {advice}"
            raise PortUnusable(message) from error


def start_parts(parts: list[Part], children: list[Child]) -> None:
    """Start every part, adding each to `children` as soon as it runs."""
    inference, chat, _ = parts
    environment = {
        **os.environ,
        "PYTHONUNBUFFERED": "1",
        "INFERENCE_HOST": HOST,
        "CHAT_HOST": HOST,
        "INFERENCE_PORT": str(inference.port),
        "CHAT_PORT": str(chat.port),
        "UI_INFERENCE_URL": inference.url,
        "UI_CHAT_URL": chat.url,
    }
    for part in parts:
        children.append(Child(part.name, part.arguments, environment))
