"""How the chat service is configured: by environment variables, built once in `__main__`."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from web.settings import FROZEN, ServiceSettings
from web.signing import SigningSettings


def _header_safe(key: SecretStr) -> SecretStr | None:
    """Take surrounding white space off a key, as files and shells leave it; blank counts as unset."""
    value = key.get_secret_value().strip()
    if not value:
        return None
    if not (value.isascii() and value.isprintable() and " " not in value):
        raise ValueError("must be printable ASCII without spaces")
    return SecretStr(value)


def _origin(url: str) -> str:
    """Bring a base URL into the form to which `/v1/...` is appended."""
    url = url.strip().rstrip("/").removesuffix("/v1").rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http or https URL, for example https://api.mistral.ai")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("must hold neither a user name nor a query")
    return url


class MistralSettings(BaseSettings):
    """How to reach Mistral; without a key the knowledge base answers alone."""

    model_config = FROZEN | SettingsConfigDict(env_prefix="MISTRAL_")

    api_key: Annotated[SecretStr, AfterValidator(_header_safe)] | None = None
    """Key sent as bearer token."""
    base_url: Annotated[str, AfterValidator(_origin)] = "https://api.mistral.ai"
    """Where the API is; `/v1/chat/completions` is appended, and a trailing `/v1` is accepted."""
    model: Annotated[str, Field(min_length=1, max_length=200)] = "mistral-small-2603"
    """A pinned model id: the `-latest` names move silently."""
    deadline_s: Annotated[float, Field(gt=0, le=18)] = 15
    """Longest time for an answer, retries included; an explanation is promised within 20 s."""
    connect_timeout_s: Annotated[float, Field(gt=0, le=18)] = 4
    """Longest wait for a connection."""
    read_timeout_s: Annotated[float, Field(gt=0, le=18)] = 14
    """Longest silence while the answer arrives."""
    max_attempts: Annotated[int, Field(ge=1, le=5)] = 3
    """How often a request is sent at most."""
    max_connections: Annotated[int, Field(ge=1, le=200)] = 20
    """How many requests are under way at once; more wait, within the deadline."""


class Settings(ServiceSettings):
    """The chat service as a whole."""

    model_config = SettingsConfigDict(env_prefix="CHAT_")

    port: Annotated[int, Field(ge=0, le=65535)] = 8001
    """Port to listen on."""
    body_limit: Annotated[int, Field(ge=1000, le=1_000_000)] = 1_000_000
    """Largest request body in bytes."""
    mistral: Annotated[MistralSettings, Field(default_factory=MistralSettings)]
    """The settings of Mistral, under its own variable names."""
    signing: Annotated[SigningSettings, Field(default_factory=SigningSettings)]
    """The key that predictions must be signed with, under a name that both services read."""
