"""Signed predictions: HMAC-SHA256 over their RFC 8785 canonical JSON, written `keyid.value`.

What is signed is what a prediction says, not how it is spelled: see docs/signatures.md.
"""

import base64
import binascii
import hashlib
import hmac
import logging
import re
from collections.abc import Sequence
from datetime import UTC
from typing import Annotated, NamedTuple

import rfc8785
from pydantic import AfterValidator, SecretStr
from pydantic_settings import SettingsConfigDict

from contract import Prediction
from web.secret_files import SecretiveSettings
from web.settings import FROZEN

logger = logging.getLogger(__name__)

SHORTEST = 32
"""Bytes of a secret, at least: as many as SHA-256 gives (RFC 2104, section 3)."""
MOST_KEYS = 2
"""Keys that count at once: the one that signs, and the one that it takes the place of."""

UNSIGNED = (
    "This service explains signed predictions only, and this one has no signature. "
    "Send the whole answer of /predict, of an inference service that signs."
)
UNTRUSTED = (
    "The signature does not fit: the prediction was altered, or signed with a key that this service does "
    "not have. Send what /predict answered, with every value as it was."
)


class SignatureRefused(Exception):
    """The prediction is not known to come from the inference service; the message says what to send."""


class SigningKey(NamedTuple):
    """A secret that the services share, and the name by which signatures refer to it."""

    name: str
    secret: bytes


def parse_keys(text: str) -> list[SigningKey]:
    """Read `keyid:secret`, or two of them with a comma between, the secret in base64 or hexadecimal.

    Raises:
        ValueError: if it is anything else; the message repeats nothing of it.
    """
    keys = [_parse_key(part.strip()) for part in text.split(",")]
    if len(keys) > MOST_KEYS:
        raise ValueError(f"must hold {MOST_KEYS} keys at most")
    if len({key.name for key in keys}) < len(keys):
        raise ValueError("must give each key a name of its own")
    return keys


def _parse_key(text: str) -> SigningKey:
    name, colon, secret = text.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        raise ValueError("must be keyid:secret, the keyid of up to 64 letters, digits, - and _")
    try:
        content = _decode(secret.strip())
    except (binascii.Error, ValueError) as error:
        raise ValueError("must be keyid:secret, the secret in base64 or hexadecimal") from error
    if len(content) < SHORTEST:
        raise ValueError(f"must have a secret of {SHORTEST} bytes or more; openssl rand -hex 32 makes one")
    return SigningKey(name, content)


def _decode(secret: str) -> bytes:
    """Read hexadecimal where it can be that, else base64 of either alphabet, padded or not."""
    if re.fullmatch(r"([0-9A-Fa-f]{2})+", secret):
        return bytes.fromhex(secret)
    bare = secret.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)


def _readable(secret: SecretStr) -> SecretStr | None:
    """Find mistakes at start; blank counts as unset."""
    if not secret.get_secret_value().strip():
        return None
    parse_keys(secret.get_secret_value())
    return secret


class SigningSettings(SecretiveSettings):
    """The key that both services share: the one signs with it, the other verifies."""

    model_config = FROZEN | SettingsConfigDict(env_prefix="PREDICTION_")

    signing_key: Annotated[SecretStr, AfterValidator(_readable)] | None = None
    """As `parse_keys` reads it; the first key signs, both are accepted. Without one nothing is signed."""


class Seal:
    """Signs predictions with the first key and verifies them with any; without keys it does neither."""

    def __init__(self, keys: Sequence[SigningKey] = ()) -> None:
        self._keys = {key.name: key.secret for key in keys}
        self._first = keys[0].name if keys else None

    @classmethod
    def of(cls, settings: SigningSettings) -> "Seal":
        """Take the keys out of the settings."""
        return cls(parse_keys(settings.signing_key.get_secret_value()) if settings.signing_key else ())

    def sign(self, prediction: Prediction) -> Prediction:
        """Return the prediction with its signature."""
        if self._first is None:
            return prediction
        signature = f"{self._first}.{self._compute(self._first, prediction)}"
        return prediction.model_copy(update={"signature": signature})

    def verify(self, prediction: Prediction) -> None:
        """Do nothing if the prediction says what one of the keys has signed. Its age is not looked at.

        Raises:
            SignatureRefused: if it is unsigned, altered, or signed with another key.
        """
        if self._first is None:
            return
        if prediction.signature is None:
            raise SignatureRefused(UNSIGNED)
        name, _, value = prediction.signature.partition(".")
        if name not in self._keys:
            logger.info("refused a prediction that is signed with an unknown key")
            raise SignatureRefused(UNTRUSTED)
        if not hmac.compare_digest(self._compute(name, prediction).encode(), value.encode()):
            logger.info("refused a prediction that does not fit its signature")
            raise SignatureRefused(UNTRUSTED)

    def _compute(self, name: str, prediction: Prediction) -> str:
        return hmac.new(self._keys[name], canonicalize(prediction), hashlib.sha256).hexdigest()


def canonicalize(prediction: Prediction) -> bytes:
    """Return what is signed: RFC 8785 JSON of what the prediction says, the signature left out.

    It is made from the prediction as it was read, so that the values which are verified are the very ones
    that are used, whatever a parser makes of an odd spelling. A null counts as absent, and a time is told in
    UTC. A field that the contract gets one day must therefore default to null: then what an older inference
    service signed stays valid.

    Raises:
        SignatureRefused: if its time lies outside the calendar.
    """
    try:
        created = prediction.created.astimezone(UTC)
    except OverflowError as error:
        raise SignatureRefused(UNTRUSTED) from error
    told = prediction.model_copy(update={"created": created, "signature": None})
    return rfc8785.dumps(told.model_dump(mode="json", exclude_none=True))
