"""What the chat service counts for Prometheus, beyond what every service counts."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from chat_service.breaker import State
from chat_service.completion import Usage
from chat_service.deprecation import Deprecation
from chat_service.engine import NoAnswer, Reason
from chat_service.refusal import Code
from contract import Engine
from web.tracing import span

SECONDS = (0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 12, 15, 20)
Route = Literal["explain", "chat"]


class ChatMetrics:
    """Which engine answered, and why it was not the other one."""

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
        for reason in get_args(Reason):
            self._fallbacks.labels(reason)

    def answered(self, route: Route, engine: Engine) -> None:
        """Count an answer."""
        self._answers.labels(route, engine.name).inc()
        if engine.fallback_reason in get_args(Reason):
            self._fallbacks.labels(engine.fallback_reason).inc()


class MistralMetrics:
    """How calls of Mistral went, and what they took.

    Args:
        registry: Takes the metrics.
        prices: Price of a token sent and of one received.
        state: Tells the state of the circuit breaker.
    """

    def __init__(
        self, registry: CollectorRegistry, prices: tuple[float, float], state: Callable[[], State]
    ) -> None:
        self._prices = prices
        self.deprecation = Deprecation()
        self._upstream = Histogram(
            "chat_mistral_seconds",
            "Seconds until Mistral had answered, retries included, by outcome",
            ("outcome",),
            buckets=SECONDS,
            registry=registry,
        )
        self._repeated = Counter(
            "chat_mistral_retries", "Requests that were sent again", ("reason",), registry=registry
        )
        self._refused = Counter(
            "chat_mistral_refusals", "Refusals by what they mean", ("code",), registry=registry
        )
        self._tokens = Counter(
            "chat_mistral_tokens",
            "Tokens as Mistral counts them; those cached are among those sent",
            ("kind",),
            registry=registry,
        )
        self._cost = Counter(
            "chat_mistral_cost_dollars",
            "Estimated cost at the prices of the settings, without discounts",
            registry=registry,
        )
        gone = Gauge(
            "chat_mistral_model_deprecation_timestamp_seconds",
            "When the model will be withdrawn, as Mistral says with its answers; 0 while it says nothing",
            registry=registry,
        )
        gone.set_function(lambda: self.deprecation.timestamp)
        breaker = Gauge(
            "chat_mistral_breaker", "1 for the state of the circuit breaker", ("state",), registry=registry
        )
        for each in get_args(State):
            breaker.labels(each).set_function(partial(_is, each, state))
        self._calls = Gauge(
            "chat_mistral_calls",
            "Calls under way, and calls that wait for a place",
            ("state",),
            registry=registry,
        )
        for code in get_args(Code):
            self._refused.labels(code)
        for kind in ("sent", "cached", "received"):
            self._tokens.labels(kind)

    def watch(self, under_way: Callable[[], int], waiting: Callable[[], int]) -> None:
        """Show how many calls there are whenever the metrics are read."""
        self._calls.labels("under-way").set_function(under_way)
        self._calls.labels("waiting").set_function(waiting)

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

    def note_deprecation(self, header: str | None) -> None:
        """Take note of what an answer says of the model's end."""
        if header is not None:
            self.deprecation.note(header)

    def repeated(self, reason: Reason) -> None:
        """Count a request that is sent again."""
        self._repeated.labels(reason).inc()

    def refused(self, code: Code) -> None:
        """Count a refusal."""
        self._refused.labels(code).inc()

    def used(self, usage: Usage) -> None:
        """Count what a completion took."""
        sent, received = usage.prompt_tokens, usage.completion_tokens
        cached = usage.prompt_tokens_details.cached_tokens if usage.prompt_tokens_details else None
        for kind, tokens in (("sent", sent), ("cached", cached or 0), ("received", received)):
            self._tokens.labels(kind).inc(tokens)
        self._cost.inc(sent * self._prices[0] + received * self._prices[1])


def _is(state: State, now: Callable[[], State]) -> float:
    return float(now() == state)
