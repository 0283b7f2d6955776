"""A dry run: what would leave the house for a request, shown to whoever asks instead of sent."""

import json
from hashlib import sha256
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from fastapi import Query
from pydantic import Field

from chat_service.egress import Egress
from chat_service.engine import NoAnswer, Reason
from chat_service.mistral import MistralExplainer
from chat_service.settings import MistralSettings
from chat_service.upstream import PATH
from contract import ChatRequest, ExplanationRequest
from contract.base import Count, Payload, Sha256

MEDIA_TYPE = "application/vnd.dry-run+json"
"""Another type than that of an answer, so that programs made for answers do not take it for one."""

Asks = Annotated[
    bool,
    Query(
        description="Show what would be sent to Mistral for this request, and send nothing. It is answered "
        "with a `DryRun`, also where no key is set."
    ),
]
"""The query parameter that asks for a dry run."""


class DryRun(Payload):
    """What would leave the house for a request."""

    dry_run: Literal[True] = True
    leaves: bool
    """Whether anything would leave."""
    why_not: Reason | Literal["no-key"] | None
    """Why nothing would; with `no-key`, `body` is what would leave if there were one."""
    method: Literal["POST"] | None
    host: Annotated[str, Field(max_length=300)] | None
    """Where it would go, with the port if it is not the usual one."""
    path: Annotated[str, Field(max_length=2000)] | None
    body: dict[str, Any] | None
    """The JSON body as it would be sent. Beside it go the key and headers that are always the same."""
    sha256: Sha256 | None
    """Digest of the bytes of the body, as the egress log has it."""
    bytes: Count | None
    """How many there are."""


class Rehearsal:
    """Prepares requests as they would be sent, and shows them."""

    def __init__(self, mistral: MistralExplainer, egress: Egress, settings: MistralSettings) -> None:
        self._mistral = mistral
        self._egress = egress
        self._settings = settings

    def show(self, request: ExplanationRequest | ChatRequest, *, stream: bool) -> DryRun:
        """Show what would leave; `stream` as the answer would be asked for."""
        try:
            content = self._mistral.prepare(request, stream=stream)
            self._egress.check(content, request)
        except NoAnswer as error:
            return nothing(error.reason)
        target = urlsplit(self._settings.base_url)
        return DryRun(
            leaves=self._settings.api_key is not None,
            why_not=None if self._settings.api_key else "no-key",
            method="POST",
            host=target.netloc,
            path=target.path + PATH,
            body=json.loads(content),
            sha256=sha256(content).hexdigest(),
            bytes=len(content),
        )


def nothing(reason: Reason) -> DryRun:
    """Say that nothing leaves, and why."""
    return DryRun(
        leaves=False, why_not=reason, method=None, host=None, path=None, body=None, sha256=None, bytes=None
    )
