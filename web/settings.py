"""What every service can be told by environment variables."""

import ipaddress
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from web.cors import check_origin
from web.logs import LogFormat
from web.secret_files import SecretiveSettings

FROZEN = SettingsConfigDict(
    frozen=True, env_ignore_empty=True, hide_input_in_errors=True, protected_namespaces=()
)
"""Set once, an empty variable counts as unset, and no value is repeated in an error: it may be a key."""


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text)) if "/" in text else str(ipaddress.ip_address(text))
    except ValueError as error:
        raise ValueError("must be addresses or networks such as 10.0.0.7 or 10.0.0.0/24") from error


def _split(value: object) -> object:
    """Take a list apart that was written with commas."""
    return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value


Listed = [NoDecode, BeforeValidator(_split), Field(max_length=100)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(check_origin)], ...], *Listed]
Networks = Annotated[tuple[Annotated[str, AfterValidator(_network)], ...], *Listed]


class ServiceSettings(SecretiveSettings):
    """Where a service listens, and to whom; each service adds its own prefix, port and settings."""

    model_config = FROZEN

    host: str = "127.0.0.1"
    """Address to listen on; beyond loopback only with `api_keys` or `allow_anonymous`."""
    port: Annotated[int, Field(ge=0, le=65535)]
    """Port to listen on."""
    allow_anonymous: bool = False
    """Answer anyone who can reach the service, beyond loopback too, and also where there are keys."""
    api_keys: Path | None = None
    """File of API keys, made by `python -m web.keys`; without one nobody needs a key."""
    rate_limit: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    """Requests a minute from one address without a key; 0 is no limit. Keys carry their own limits."""
    trusted_proxies: Networks = ()
    """Addresses of proxies whose X-Forwarded-For is believed, with commas between them."""
    cors_origins: Origins = ()
    """Origins whose pages may use the service from a browser, with commas between them."""
    log_format: LogFormat = "text"
    """`text` or `json`."""
    drain_seconds: Annotated[float, Field(ge=0, le=300)] = 0.5
    """From the signal to stop until connections are refused; best as long as health checks lie apart."""
    stop_seconds: Annotated[int, Field(ge=0, le=3600)] = 20
    """How long after that requests in flight and in the queue may take; then they are cut off."""
    traces: Annotated[str | None, Field(validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")] = None
    """Where traces are sent, under OpenTelemetry's own name; without it there are none."""

    @field_validator("cors_origins")
    @classmethod
    def _no_key_in_any_page(cls, origins: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if "*" in origins and info.data.get("api_keys") is not None:
            raise ValueError("must name the origins where there are API keys, and not be *")
        return origins
