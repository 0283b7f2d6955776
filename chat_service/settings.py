"""How the chat service is configured: by environment variables, built once in `__main__`."""

from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import SettingsConfigDict

from web.secret_files import SecretiveSettings
from web.settings import FROZEN, ServiceSettings
from web.signing import SigningSettings

DEFAULT_MODEL = "mistral-small-2603"
DEFAULT_PRICES = (0.15, 0.60)
"""US dollars for a million tokens sent and received, as Mistral's documentation had it in August 2026."""


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


class MistralSettings(SecretiveSettings):
    """How to reach Mistral; without a key the knowledge base answers alone."""

    model_config = FROZEN | SettingsConfigDict(env_prefix="MISTRAL_")

    api_key: Annotated[SecretStr, AfterValidator(_header_safe)] | None = None
    """Key sent as bearer token."""
    base_url: Annotated[str, AfterValidator(_origin)] = "https://api.mistral.ai"
    """Where the API is; `/v1/chat/completions` is appended, and a trailing `/v1` is accepted."""
    model: Annotated[str, Field(min_length=1, max_length=200)] = DEFAULT_MODEL
    """A pinned model id: the `-latest` names move silently."""
    response_format: Literal["json_schema", "json_object", "text"] = "json_schema"
    """How the form of the answer is asked for; servers other than Mistral may not know `json_schema`."""
    seed: Annotated[int, Field(ge=0, le=2**31)] = 7
    """Sent as `random_seed`; a second attempt after an unsafe answer takes the next one."""
    deadline_s: Annotated[float, Field(gt=0, le=18)] = 15
    """Longest time for an answer, retries included; an explanation is promised within 20 s."""
    connect_timeout_s: Annotated[float, Field(gt=0, le=18)] = 4
    """Longest wait for a connection."""
    read_timeout_s: Annotated[float, Field(gt=0, le=18)] = 14
    """Longest silence while the answer arrives."""
    max_attempts: Annotated[int, Field(ge=1, le=5)] = 3
    """How often a request is sent at most."""
    max_connections: Annotated[int, Field(ge=1, le=2000)] = 500
    """How many requests are under way at once."""
    max_waiting: Annotated[int, Field(ge=0, le=10_000)] = 1000
    """How many more may wait for their turn, within the deadline; the knowledge base answers the rest."""
    input_price: Annotated[float, Field(ge=0, le=1000)] | None = None
    """Price of a million tokens sent; unset, that of the default model, and nothing for any other."""
    output_price: Annotated[float, Field(ge=0, le=1000)] | None = None
    """Price of a million tokens received, likewise."""

    @property
    def prices(self) -> tuple[float, float]:
        """Price of a token sent and of one received."""
        known = self.model == DEFAULT_MODEL
        sent, received = DEFAULT_PRICES if known else (0.0, 0.0)
        sent = sent if self.input_price is None else self.input_price
        received = received if self.output_price is None else self.output_price
        return sent / 1e6, received / 1e6


class Settings(ServiceSettings):
    """The chat service as a whole."""

    model_config = SettingsConfigDict(env_prefix="CHAT_")

    port: Annotated[int, Field(ge=0, le=65535)] = 8001
    """Port to listen on."""
    body_limit: Annotated[int, Field(ge=1000, le=1_000_000)] = 1_000_000
    """Largest request body in bytes."""
    breaker_failures: Annotated[int, Field(ge=1, le=1000)] = 5
    """After so many failed calls in a row Mistral is left alone for a while."""
    breaker_cooldown_s: Annotated[float, Field(gt=0, le=3600)] = 30
    """For how long; then one call tries again."""
    heartbeat_s: Annotated[float, Field(gt=0, le=60)] = 5
    """Longest silence of an event stream; then a comment is sent, so that proxies keep it open."""
    egress_log: Path | None = None
    """File that each request to Mistral is noted in, by its digest."""
    egress_log_max_bytes: Annotated[int, Field(ge=10_000, le=10_000_000_000)] = 10_000_000
    """Size at which the file is put aside; five are kept."""
    mistral: Annotated[MistralSettings, Field(default_factory=MistralSettings)]
    """The settings of Mistral, under its own variable names."""
    signing: Annotated[SigningSettings, Field(default_factory=SigningSettings)]
    """The key that predictions must be signed with, under a name that both services read."""
