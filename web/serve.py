"""Starting a service: who may reach it, which socket, and what is said when it cannot start."""

import ipaddress
import resource
import socket
import sys
from collections.abc import Callable, Sequence
from typing import TypeVar

import uvicorn
from fastapi import FastAPI
from pydantic import ValidationError
from pydantic_settings import BaseSettings

from web.clients import KeysUnusable
from web.http import BoundedHttp
from web.logs import configure_logs
from web.secret_files import SecretUnreadable
from web.settings import ServiceSettings
from web.stopping import BACKLOG, PoliteServer

MOST_FILES = 65_536


class Unservable(Exception):
    """The service cannot be started as configured; the message says what to change."""


SettingsKind = TypeVar("SettingsKind", bound=ServiceSettings)


def run(
    name: str,
    kind: type[SettingsKind],
    build: Callable[[SettingsKind], FastAPI],
    *,
    also: Sequence[type[BaseSettings]] = (),
) -> int:
    """Read the settings, build the service and serve it until it is told to stop; return the exit status.

    What stands in the way is said in a line each, naming the variable to change.

    Args:
        name: Name of the service, for those lines.
        kind: Its settings.
        build: Creates it; may raise Unservable.
        also: Further settings that `kind` holds.
    """
    try:
        settings = kind()
        configure_logs(settings.log_format)
        check_exposure(settings)
        serve(build(settings), settings, name=name)
    except ValidationError as error:
        kinds: list[type[BaseSettings]] = [kind, *also]
        prefixes = {each.__name__: each.model_config.get("env_prefix", "") for each in kinds}
        for item in error.errors(include_input=False, include_url=False):
            variable = f"{prefixes[error.title]}{item['loc'][0]}".upper()
            print(f"{variable}: {item['msg']}", file=sys.stderr)  # noqa: T201 - speaks to who starts it
        return 1
    except (Unservable, KeysUnusable, SecretUnreadable) as error:
        print(error, file=sys.stderr)  # noqa: T201 - speaks to who starts it
        return 1
    return 0


def check_exposure(settings: ServiceSettings) -> None:
    """Refuse to listen beyond loopback for anonymous callers unless told so.

    Raises:
        Unservable: if `host` is not a loopback address, nobody needs a key, and `allow_anonymous` is false.
    """
    if settings.allow_anonymous or settings.api_keys is not None or is_loopback(settings.host):
        return
    prefix = settings.model_config.get("env_prefix", "")
    raise Unservable(
        f"Listening on {settings.host} would answer anyone who can reach it. "
        f"Listen on 127.0.0.1, or name a file of keys in {prefix}API_KEYS (`python -m web.keys` makes them), "
        f"or set {prefix}ALLOW_ANONYMOUS=true where something else keeps strangers out."
    )


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach a service that listens there."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(app: FastAPI, settings: ServiceSettings, *, name: str) -> None:
    """Run `app` until it is told to stop; SIGTERM finishes what is in flight.

    Raises:
        Unservable: if the address cannot be listened on, for example because the port is taken.
    """
    listener = _listen(settings.host, settings.port, name)
    _allow_connections()
    PoliteServer(server_config(app, settings), settings.drain_seconds).run(sockets=[listener])


def server_config(app: FastAPI, settings: ServiceSettings) -> uvicorn.Config:
    """Return how uvicorn serves: it logs no requests and believes no proxy but those that are named."""
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=BoundedHttp,
        ws="none",
        # Longer than proxies keep a connection, so that none of them sends on one that is being closed.
        timeout_keep_alive=75,
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=settings.stop_seconds,
        # Left alone it believes X-Forwarded-For from loopback, where anyone could say it.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
    )


def _allow_connections() -> None:
    """Let the process have as many files open as it may: each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _listen(host: str, port: int, name: str) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
        # Inherited by what it accepts, where asyncio leaves it out. Without it an answer's body waits until
        # its head is acknowledged: 40 ms on a connection that was used before.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except OSError as error:
        raise Unservable(
            f"The {name} service cannot listen on {host}:{port} ({error.strerror or 'unknown host'}). "
            f"Stop what uses that port, or choose another."
        ) from error
