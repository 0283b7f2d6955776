"""What the page is told by its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import AnyHttpUrl, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

HERE = Path(__file__).parent.parent


class Settings(BaseSettings):
    """Where the services are; every field is an environment variable `UI_...`."""

    model_config = SettingsConfigDict(env_prefix="UI_", env_ignore_empty=True, frozen=True, extra="ignore")

    inference_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:8000")
    """Address of the inference service."""
    chat_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:8001")
    """Address of the chat service."""
    inference_key: SecretStr | None = None
    """API key for the inference service, where it needs one."""
    chat_key: SecretStr | None = None
    """API key for the chat service, where it needs one."""
    sample: Path = HERE / "models" / "sample.png"
    """The rendered picture that is offered to try; nothing is offered where it is not there."""
    report: Path = HERE / "docs" / "starter" / "report.json"
    """Report of `training evaluate` with the model's curves; shown only if it is about this very model."""
    timeout_s: Annotated[float, Field(gt=0, le=300)] = 40
    """Seconds that a whole answer may take; an explanation comes within 20."""
