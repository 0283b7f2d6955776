"""What the page says when a service gives no answer: which one, and what to do."""

import time
from html import escape
from typing import NamedTuple

import httpx
import streamlit as st

from contract import Problem
from ui.client import Client
from ui.errors import Service, ServiceFailed, ServiceLate, ServiceRefused, ServiceUnreachable

NAMES = {Service.INFERENCE: "inference service", Service.CHAT: "chat service"}
TASKS = {Service.INFERENCE: "reads pictures", Service.CHAT: "writes explanations"}
BUSY = {httpx.codes.REQUEST_TIMEOUT, httpx.codes.TOO_MANY_REQUESTS}
PROBE_EVERY_S = 4.0


class Notice(NamedTuple):
    """What happened and what to do about it."""

    headline: str
    advice: str
    passing: bool = False
    """Whether the page goes on by itself once the service is back."""
    repeatable: bool = True
    """Whether the same picture can get another answer."""


def describe_failure(failure: ServiceFailed, url: str) -> Notice:
    """Put a failure into words; `url` is where the service was looked for."""
    name = NAMES[failure.service]
    if isinstance(failure, ServiceRefused):
        return _describe_problem(failure.problem, name)
    if isinstance(failure, ServiceUnreachable):
        advice = (
            f"It {TASKS[failure.service]} and is looked for at {url}. Nothing is wrong with your picture. "
            "Whoever runs this page should start that service; the page goes on by itself once it is back."
        )
        return Notice(f"The {name} does not answer", advice, passing=True)
    if isinstance(failure, ServiceLate):
        return Notice(f"The {name} takes too long", "It may be busy. Try again in a minute.")
    advice = (
        f"Is another program, or another version, running at {url}? Whoever runs this page should look there."
    )
    return Notice(f"The {name} sent an answer that this page cannot read", advice)


def _describe_problem(problem: Problem, name: str) -> Notice:
    return Notice(
        headline=f"The {name} says: {problem.title}",
        advice=f"{problem.detail} (Request {problem.request_id})",
        passing=problem.status == httpx.codes.SERVICE_UNAVAILABLE,
        repeatable=httpx.codes.is_server_error(problem.status) or problem.status in BUSY,
    )


def show_failure(failure: ServiceFailed, client: Client) -> None:
    """Show what failed, offer to try again, and go on by itself once the service is back."""
    notice = describe_failure(failure, client.urls[failure.service])
    st.html(
        f'<div class="bt-notice" role="alert"><strong>{escape(notice.headline)}</strong>'
        f"<p>{escape(notice.advice)}</p></div>"
    )
    if notice.repeatable:
        st.button("Try again", key=f"retry-{failure.service}")
    if notice.passing:
        _await_recovery(client, failure.service, time.monotonic())


@st.fragment(run_every=PROBE_EVERY_S)
def _await_recovery(client: Client, service: Service, failed_at: float) -> None:
    # The first call comes with the failure itself; asking again at once could go in circles.
    if time.monotonic() - failed_at >= PROBE_EVERY_S / 2 and client.is_ready(service):
        st.rerun()
