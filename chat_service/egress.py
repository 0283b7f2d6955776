"""The last look at what leaves the house, and the log of it.

Requests are made of codes and texts of our own, so an identifier in one is a mistake of ours. It is looked
for all the same: the caller's values word by word, and whatever looks like an identifier and stands in no
text of ours. The log holds a digest, never a body.
"""

import json
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import cast

from pydantic import JsonValue

from chat_service.engine import NoAnswer
from chat_service.identifiers import read_own, shapes_in, texts_in, words_in
from chat_service.metrics import Route
from chat_service.offline import KnowledgeBase
from chat_service.wordlist import plain
from contract import DISCLAIMER, ChatRequest, ExplanationRequest
from web.request_id import current_request_id

logger = logging.getLogger(__name__)

PROTOCOL = (
    "model messages role content system user assistant temperature random_seed max_tokens stream true false "
    "response_format type json_schema json_object name schema strict properties required null "
    "additionalProperties items enum string array object number integer boolean summary explanation facts "
    "reply id text decision leaning subtype modality audience language topic words question turns country "
    "en fr de es hi patient clinician strong moderate slight"
)
"""The words of the protocol and of our codes."""


class Blocked(NoAnswer):
    """Something in a request that was about to leave is not ours to send."""

    def __init__(self) -> None:
        super().__init__("blocked")


class Egress:
    """Looks at requests before they leave, and logs them.

    Args:
        offline: Whose texts may leave.
        model: The model that is asked, as configured.
        own: Further texts of our own, such as the prompts.
    """

    def __init__(self, offline: KnowledgeBase, model: str, own: Iterable[str] = ()) -> None:
        self._offline = offline
        self._model = model
        self._own = read_own([PROTOCOL, DISCLAIMER, model, *own])

    def check(self, content: bytes, request: ExplanationRequest | ChatRequest) -> None:
        """Refuse to send what names anything of the request that is not also a word of ours.

        Raises:
            Blocked: if it does, or if something in it looks like an identifier.
        """
        ours = (self._own, self._offline.own[self._offline.knowledge.language_of(request.language)])
        theirs = set().union(*map(words_in, _values(request))).difference(*(own.words for own in ours))
        for text in _unfolded(json.loads(content)):
            # What is ours as it stands needs no second look.
            if any(text in own.texts for own in ours):
                continue
            if theirs & words_in(text) or shapes_in(text).difference(*(own.shapes for own in ours)):
                raise Blocked

    @contextmanager
    def leaving(
        self, route: Route, request: ExplanationRequest | ChatRequest, content: bytes
    ) -> Iterator[None]:
        """Check a request, let it be sent, and log what came of it.

        Raises:
            Blocked: before anything is sent.
        """
        outcome = "cancelled"
        try:
            self.check(content, request)
            yield
            outcome = "ok"
        except NoAnswer as error:
            outcome = error.reason
            raise
        finally:
            self._log(route, content, outcome)

    def _log(self, route: Route, content: bytes, outcome: str) -> None:
        fields = {
            "request_id": current_request_id.get(),
            "egress": route,
            "sha256": sha256(content).hexdigest(),
            "bytes": len(content),
            "model": self._model,
            "outcome": outcome,
        }
        logger.info("%s", " ".join(map(str, fields.values())), extra={"fields": fields})


def _unfolded(body: JsonValue) -> Iterator[str]:
    """Yield the texts of a body, keys among them; of JSON within a text its own texts."""
    for text in map(plain, texts_in(body, keys=True)):
        inner = _parsed(text) if text[:1] in {"{", "["} else None
        if inner is None:
            yield text
        else:
            yield from _unfolded(inner)


def _parsed(text: str) -> JsonValue:
    try:
        return cast(JsonValue, json.loads(text))
    except (ValueError, RecursionError):
        return None


def _values(request: ExplanationRequest | ChatRequest) -> Iterator[str]:
    """Yield all that the caller chose: values, and the names of classes."""
    sent = request.model_dump(mode="json")
    yield from sent["prediction"]["probabilities"]
    yield from texts_in(sent, keys=False)
    yield current_request_id.get()
