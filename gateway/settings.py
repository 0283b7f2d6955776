"""What the gateway is told by its environment; plain Python, so that its image needs no package."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit


class SettingInvalid(ValueError):
    """A variable cannot be read; the message names it and repeats nothing of it."""


class Address(NamedTuple):
    """Where to connect to."""

    host: str
    port: int


class Settings(NamedTuple):
    """Which ports lead in, and which way leads out."""

    entrances: dict[int, Address]
    """Port to listen on, and the room that it leads to: `GATEWAY_ENTRANCES=8000=inference:8000,...`."""
    proxy_port: int
    """Where the rooms find the way out: `GATEWAY_PROXY_PORT`, by default 3128."""
    exit: Address
    """The only place that it leads to: the host and port of the URL in `GATEWAY_EXIT`."""


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the variables; an empty one counts as unset.

    Raises:
        SettingInvalid: if one of them is no such thing.
    """
    entrances = environment.get("GATEWAY_ENTRANCES") or ""
    leaves = environment.get("GATEWAY_EXIT") or "https://api.mistral.ai"
    return Settings(
        dict(_read_entrance(part.strip()) for part in entrances.split(",") if part.strip()),
        _read_port(environment.get("GATEWAY_PROXY_PORT") or "3128", "GATEWAY_PROXY_PORT"),
        _read_exit(leaves),
    )


def _read_entrance(text: str) -> tuple[int, Address]:
    found = re.fullmatch(r"(\d+)=([A-Za-z0-9.-]+):(\d+)", text)
    if found is None:
        raise SettingInvalid("GATEWAY_ENTRANCES must be PORT=HOST:PORT, with commas between")
    name = "GATEWAY_ENTRANCES"
    return _read_port(found[1], name), Address(found[2], _read_port(found[3], name))


def _read_port(text: str, name: str) -> int:
    if not re.fullmatch(r"\d{1,5}", text) or int(text) > 65535:  # noqa: PLR2004 - the highest port there is
        raise SettingInvalid(f"{name} must hold ports from 0 to 65535")
    return int(text)


def _read_exit(url: str) -> Address:
    address = address_of(url)
    if address is None:
        raise SettingInvalid("GATEWAY_EXIT must be an http or https URL")
    return address


def address_of(url: str) -> Address | None:
    """Return where a URL leads to, its host in small letters, or None if it is no URL of the web."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return None
    return Address(parts.hostname, port or (443 if parts.scheme == "https" else 80))
