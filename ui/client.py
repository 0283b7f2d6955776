"""All HTTP of the page: bounded requests whose answers are parsed into the contract."""

import ssl
import time
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from contract import (
    ChatReply,
    ChatRequest,
    Explanation,
    ExplanationRequest,
    ModelCard,
    Prediction,
    Problem,
)
from ui.errors import ReplyUnreadable, Service, ServiceLate, ServiceRefused, ServiceUnreachable
from ui.events import MEDIA_TYPE, Show, StreamBroken, follow
from ui.settings import Settings

REPLY_LIMIT = 8_000_000
"""Largest answer that is read, in bytes; explanations are some ten thousand, heat maps up to four million."""
CONNECT_S = 3.0
PROBE_S = 2.0
EVENTS_OR_JSON = {"Accept": f"{MEDIA_TYPE}, application/json;q=0.9"}
JSON_ONLY = {"Accept": "application/json"}

Reply = TypeVar("Reply", bound=BaseModel)


class _Answer(NamedTuple):
    status: int
    body: bytes


class Client:
    """Speaks to both services; safe to share between the sessions of the page."""

    def __init__(self, settings: Settings) -> None:
        self.urls = {
            Service.INFERENCE: str(settings.inference_url).rstrip("/"),
            Service.CHAT: str(settings.chat_url).rstrip("/"),
        }
        self._keys = {
            Service.INFERENCE: _bearer(settings.inference_key),
            Service.CHAT: _bearer(settings.chat_key),
        }
        self._patience = settings.timeout_s
        # Proxies from the environment must not see images; the machine's own certificates count.
        self._http = httpx.Client(
            verify=ssl.create_default_context(),
            trust_env=False,
            timeout=httpx.Timeout(settings.timeout_s, connect=CONNECT_S),
            headers={"Accept-Encoding": "identity"},  # so that REPLY_LIMIT bounds what is held
        )

    def predict(self, image: bytes, request_id: UUID) -> Prediction:
        """Have an image read; both services' logs speak of `request_id`.

        Raises:
            ServiceFailed: if there is no prediction.
        """
        answer = self._ask(Service.INFERENCE, "POST", "/predict", request_id, files=_form(image))
        return _parse(Service.INFERENCE, Prediction, answer)

    def draw(self, image: bytes, request_id: UUID, *, opacity: float, overlay: bool) -> bytes:
        """Return the heat map of an image as PNG; with opacity 0 over the image, the image itself.

        Raises:
            ServiceFailed: if there is none.
        """
        query = {"opacity": f"{opacity:g}", "overlay": "true" if overlay else "false"}
        answer = self._ask(
            Service.INFERENCE, "POST", "/heatmap", request_id, files=_form(image), params=query
        )
        if answer.status != httpx.codes.OK:
            raise _refusal(Service.INFERENCE, answer)
        return answer.body

    def describe_model(self, request_id: UUID) -> ModelCard:
        """Return the card of the model that reads images.

        Raises:
            ServiceFailed: if there is none.
        """
        answer = self._ask(Service.INFERENCE, "GET", "/model", request_id)
        return _parse(Service.INFERENCE, ModelCard, answer)

    def explain(self, request: ExplanationRequest, request_id: UUID, show: Show) -> Explanation:
        """Have a prediction explained, under the id under which it was made.

        Raises:
            ServiceFailed: if there is no explanation.
        """
        return self._converse("/explain", Explanation, request, request_id, show)

    def reply(self, request: ChatRequest, request_id: UUID, show: Show) -> ChatReply:
        """Have a question answered.

        Raises:
            ServiceFailed: if there is no answer.
        """
        return self._converse("/chat", ChatReply, request, request_id, show)

    def is_ready(self, service: Service) -> bool:
        """Whether a service says that it can answer now."""
        try:
            reply = self._http.get(f"{self.urls[service]}/health/ready", timeout=PROBE_S)
        except httpx.HTTPError:
            return False
        return reply.status_code == httpx.codes.OK

    def _converse(
        self, path: str, kind: type[Reply], request: BaseModel, request_id: UUID, show: Show
    ) -> Reply:
        """Ask for events, and once more for plain JSON where a proxy or a fault broke them off."""
        content = request.model_dump_json().encode()
        sent: dict[str, Any] = {"content": content, "headers": EVENTS_OR_JSON}
        try:
            answer = self._ask(Service.CHAT, "POST", path, request_id, show, **sent)
        except StreamBroken:
            show("")
            sent["headers"] = JSON_ONLY
            answer = self._ask(Service.CHAT, "POST", path, request_id, **sent)
        return _parse(Service.CHAT, kind, answer)

    def _ask(
        self,
        service: Service,
        method: str,
        path: str,
        request_id: UUID,
        show: Show | None = None,
        **content: Any,
    ) -> _Answer:
        headers = {"X-Request-ID": str(request_id), **self._keys[service], **content.pop("headers", {})}
        if "content" in content:
            headers["Content-Type"] = "application/json"
        url = self.urls[service] + path
        try:
            with self._http.stream(method, url, headers=headers, **content) as response:
                pieces = self._read(service, response)
                if show is not None and _is_events(response):
                    return _Answer(response.status_code, follow(pieces, show).encode())
                return _Answer(response.status_code, b"".join(pieces))
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ServiceUnreachable(service) from error
        except httpx.TimeoutException as error:
            raise ServiceLate(service) from error
        except httpx.RemoteProtocolError as error:
            raise (StreamBroken if show is not None else ServiceUnreachable)(service) from error
        except httpx.RequestError as error:
            raise ServiceUnreachable(service) from error

    def _read(self, service: Service, response: httpx.Response) -> Iterator[bytes]:
        """Read an answer, bounded in bytes and time; httpx bounds only the wait for each piece."""
        deadline = time.monotonic() + self._patience
        size = 0
        for piece in response.iter_raw():
            size += len(piece)
            if size > REPLY_LIMIT:
                raise ReplyUnreadable(service)
            if time.monotonic() > deadline:
                raise ServiceLate(service)
            yield piece


def _parse(service: Service, kind: type[Reply], answer: _Answer) -> Reply:
    if answer.status != httpx.codes.OK:
        raise _refusal(service, answer)
    try:
        return kind.model_validate_json(answer.body)
    except ValidationError as error:
        raise ReplyUnreadable(service) from error


def _refusal(service: Service, answer: _Answer) -> ServiceRefused | ReplyUnreadable:
    try:
        return ServiceRefused(service, Problem.model_validate_json(answer.body))
    except ValidationError:
        return ReplyUnreadable(service)


def _form(image: bytes) -> dict[str, tuple[str, bytes, str]]:
    # The name is ours: a file's own name may hold a patient's.
    return {"file": ("image", image, "application/octet-stream")}


def _is_events(response: httpx.Response) -> bool:
    is_stream = response.headers.get("Content-Type", "").startswith(MEDIA_TYPE)
    return is_stream and response.status_code == httpx.codes.OK


def _bearer(key: SecretStr | None) -> dict[str, str]:
    return {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}
