"""All HTTP of the page: bounded requests whose answers are parsed into the contract."""

import ssl
import time
from typing import Any, TypeVar
from uuid import UUID

import httpx
from pydantic import BaseModel, SecretStr, ValidationError

from contract import Explanation, ExplanationRequest, Prediction, Problem
from ui.errors import ReplyUnreadable, Service, ServiceLate, ServiceRefused, ServiceUnreachable
from ui.settings import Settings

REPLY_LIMIT = 4_000_000
"""Largest answer that is read, in bytes; explanations are some ten thousand."""
CONNECT_S = 3.0
PROBE_S = 2.0

Reply = TypeVar("Reply", bound=BaseModel)


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
        # The name is ours: a file's own name may hold a patient's.
        files = {"file": ("image", image, "application/octet-stream")}
        return self._ask(Service.INFERENCE, "/predict", Prediction, request_id, files=files)

    def explain(self, request: ExplanationRequest, request_id: UUID) -> Explanation:
        """Have a prediction explained, under the id under which it was made.

        Raises:
            ServiceFailed: if there is no explanation.
        """
        content = request.model_dump_json().encode()
        return self._ask(Service.CHAT, "/explain", Explanation, request_id, content=content)

    def is_ready(self, service: Service) -> bool:
        """Whether a service says that it can answer now."""
        try:
            reply = self._http.get(f"{self.urls[service]}/health/ready", timeout=PROBE_S)
        except httpx.HTTPError:
            return False
        return reply.status_code == httpx.codes.OK

    def _ask(self, service: Service, path: str, kind: type[Reply], request_id: UUID, **content: Any) -> Reply:
        headers = {"X-Request-ID": str(request_id), **self._keys[service]}
        if "content" in content:
            headers["Content-Type"] = "application/json"
        try:
            with self._http.stream("POST", self.urls[service] + path, headers=headers, **content) as response:
                body = self._read(service, response)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise ServiceUnreachable(service) from error
        except httpx.TimeoutException as error:
            raise ServiceLate(service) from error
        except httpx.RequestError as error:
            raise ServiceUnreachable(service) from error
        try:
            if response.status_code == httpx.codes.OK:
                return kind.model_validate_json(body)
            problem = Problem.model_validate_json(body)
        except ValidationError as error:
            raise ReplyUnreadable(service) from error
        raise ServiceRefused(service, problem)

    def _read(self, service: Service, response: httpx.Response) -> bytes:
        """Read an answer, bounded in bytes and time; httpx bounds only the wait for each piece."""
        deadline = time.monotonic() + self._patience
        body = b""
        for piece in response.iter_raw():
            body += piece
            if len(body) > REPLY_LIMIT:
                raise ReplyUnreadable(service)
            if time.monotonic() > deadline:
                raise ServiceLate(service)
        return body


def _bearer(key: SecretStr | None) -> dict[str, str]:
    return {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}
