"""Secrets out of files, as containers are handed them: `NAME_FILE` names a file that holds `NAME`."""

import os
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

MOST = 10_000
"""Bytes that are read of such a file."""


class SecretUnreadable(Exception):
    """The file of a secret cannot be read; the message names the variable."""


class SecretFiles(PydanticBaseSettingsSource):
    """Finds the secrets of a settings class, and nothing else, in files; an empty one counts as unset."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the secret that the field's file holds, or None.

        Raises:
            SecretUnreadable: if the variable is set and the file cannot be read.
        """
        prefix = self.config.get("env_prefix") or ""
        variable = f"{prefix}{field_name}_FILE".upper()
        place = os.environ.get(variable)
        return (_read(Path(place), variable) if place and _is_secret(field) else None), field_name, False

    def __call__(self) -> dict[str, Any]:
        """Return all that are found."""
        fields = self.settings_cls.model_fields.items()
        found = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in found.items() if value}


class SecretiveSettings(BaseSettings):
    """Settings whose secrets may stand in files; what stands in the environment itself comes first."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - nothing reads .env by itself
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - wants a folder, and ignores names
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Look into files last."""
        return init_settings, env_settings, SecretFiles(settings_cls)


def _is_secret(field: FieldInfo) -> bool:
    return "SecretStr" in str(field.annotation)


def _read(path: Path, variable: str) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST + 1)
        if len(content) > MOST:
            raise SecretUnreadable(f"{variable}: the file is too long for a secret")
        return content.decode("utf-8").strip()
    except OSError as error:
        raise SecretUnreadable(f"{variable}: the file cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise SecretUnreadable(f"{variable}: the file holds no text") from error
