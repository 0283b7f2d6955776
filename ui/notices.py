"""What the page says when a service gives no answer: which one, and what to do."""

import time
from html import escape
from typing import NamedTuple

import httpx
import streamlit as st

from contract import Problem
from ui.catalogue import ENGLISH, Words
from ui.client import Client
from ui.errors import Service, ServiceFailed, ServiceLate, ServiceRefused, ServiceUnreachable

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


def describe_failure(failure: ServiceFailed, url: str, words: Words) -> Notice:
    """Put a failure into words; `url` is where the service was looked for."""
    name, task = words(f"service.{failure.service}"), words(f"task.{failure.service}")
    if isinstance(failure, ServiceRefused):
        return _describe_problem(failure.problem, name, words)
    kind = "unreadable"
    if isinstance(failure, ServiceUnreachable):
        kind = "down"
    elif isinstance(failure, ServiceLate):
        kind = "late"
    headline = words(f"failure.{kind}", service=name)
    return Notice(headline, words(f"failure.{kind}.advice", task=task, url=url), passing=kind == "down")


def _describe_problem(problem: Problem, name: str, words: Words) -> Notice:
    """In English say what the service says; elsewhere what its status means, for its words are English."""
    title, detail = problem.title, f"{problem.detail} "
    if words.language != ENGLISH:
        title = words.find(f"problem.{problem.status}") or words("problem.500")
        detail = ""
    return Notice(
        headline=words("failure.refused", service=name, title=title),
        advice=detail + words("failure.request", id=problem.request_id),
        passing=problem.status == httpx.codes.SERVICE_UNAVAILABLE,
        repeatable=httpx.codes.is_server_error(problem.status) or problem.status in BUSY,
    )


def show_failure(failure: ServiceFailed, client: Client, words: Words, place: str) -> bool:
    """Show what failed, and go on by itself once the service is back; return whether to try again.

    Args:
        failure: What failed.
        client: Knows where the service is.
        words: The page's words.
        place: Tells the buttons of several notices apart.
    """
    notice = describe_failure(failure, client.urls[failure.service], words)
    show_notice(notice.headline, notice.advice)
    if notice.passing:
        _await_recovery(client, failure.service, time.monotonic())
    return notice.repeatable and st.button(words("failure.again"), key=f"retry-{place}")


def show_notice(headline: str, advice: str) -> None:
    """Show that something is not as it should be."""
    st.html(
        f'<div class="bt-notice" role="alert"><strong>{escape(headline)}</strong>'
        f"<p>{escape(advice)}</p></div>"
    )


@st.fragment(run_every=PROBE_EVERY_S)
def _await_recovery(client: Client, service: Service, failed_at: float) -> None:
    # The first call comes with the failure itself; asking again at once could go in circles.
    if time.monotonic() - failed_at >= PROBE_EVERY_S / 2 and client.is_ready(service):
        st.rerun()


@st.fragment(run_every=PROBE_EVERY_S)
def watch_services(client: Client, words: Words) -> None:
    """Say which service is down before anyone has chosen a picture, for as long as it is."""
    for service in Service:
        if not client.is_ready(service):
            notice = describe_failure(ServiceUnreachable(service), client.urls[service], words)
            show_notice(notice.headline, notice.advice)
