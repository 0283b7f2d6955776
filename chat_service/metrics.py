"""What the chat service counts for Prometheus, beyond what every service counts."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Histogram

from chat_service.engine import NoAnswer, Reason
from contract import Engine
from web.tracing import span

SECONDS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 12, 15, 20)
Route = Literal["explain", "chat"]


class ChatMetrics:
    """Which engine answered, why it was not the other one, and how long Mistral took."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter(
            "chat_answers", "Answers by route and engine", ("route", "engine"), registry=registry
        )
        self._fallbacks = Counter(
            "chat_fallbacks",
            "Answers of the knowledge base in Mistral's place",
            ("reason",),
            registry=registry,
        )
        self._upstream = Histogram(
            "chat_mistral_seconds",
            "Seconds until Mistral had answered, retries included, by outcome",
            ("outcome",),
            buckets=SECONDS,
            registry=registry,
        )
        for reason in get_args(Reason):
            self._fallbacks.labels(reason)

    def answered(self, route: Route, engine: Engine) -> None:
        """Count an answer."""
        self._answers.labels(route, engine.name).inc()
        if engine.fallback_reason in get_args(Reason):
            self._fallbacks.labels(engine.fallback_reason).inc()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Time a completion, whether it comes or not."""
        started, outcome = time.perf_counter(), "cancelled"
        try:
            with span("mistral"):
                yield
            outcome = "ok"
        except NoAnswer as error:
            outcome = error.reason
            raise
        finally:
            self._upstream.labels(outcome).observe(time.perf_counter() - started)
