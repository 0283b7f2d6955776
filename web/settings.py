"""What every service can be told by environment variables."""

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

FROZEN = SettingsConfigDict(
    frozen=True, env_ignore_empty=True, hide_input_in_errors=True, protected_namespaces=()
)
"""Set once, an empty variable counts as unset, and no value is repeated in an error: it may be a key."""


class ServiceSettings(BaseSettings):
    """Where a service listens; each service adds its own prefix, port and settings."""

    model_config = FROZEN

    host: str = "127.0.0.1"
    """Address to listen on; beyond loopback only with `allow_anonymous`."""
    port: Annotated[int, Field(ge=0, le=65535)]
    """Port to listen on."""
    allow_anonymous: bool = False
    """Answer anyone who can reach the service, although it listens beyond loopback."""
