"""`make run`: both services and the page on this machine, a sample through both, until Ctrl-C."""

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

import httpx
from dotenv import load_dotenv

from tools.children import ROOT, Child, ChildEnded, stop_all
from tools.parts import Part, PortUnusable, check_ports, list_parts, start_parts
from tools.sample import SampleFailed, render, send_sample

SAMPLE = ROOT / "models" / "sample.png"
READY_WITHIN_S = 120.0
"""Loading torch and the model takes a few seconds; a slow disk may take a minute."""
TELL_EVERY_S = 5.0


class NotReadyInTime(Exception):
    """Something runs but cannot answer; the message holds its reason and its last lines."""


def wait_until_ready(parts: list[Part], children: list[Child]) -> None:
    """Wait for every part, saying now and then for which and why.

    Raises:
        ChildEnded: if one ends instead.
        NotReadyInTime: if one takes too long.
    """
    deadline = time.monotonic() + READY_WITHIN_S
    for part, child in zip(parts, children, strict=True):
        next_word = time.monotonic() + TELL_EVERY_S
        while (reason := _why_not_ready(part)) is not None:
            for each in children:
                each.check()
            if time.monotonic() > deadline:
                message = f"The {part.name} was not ready within {READY_WITHIN_S:.0f} s: {reason}"
                raise NotReadyInTime(f"{message}\nIts last lines:\n{child.last_lines}")
            if time.monotonic() > next_word:
                print(f"Waiting for the {part.name}: {reason}", flush=True)
                next_word += TELL_EVERY_S
            time.sleep(0.2)
        print(f"The {part.name} is ready.", flush=True)


def _why_not_ready(part: Part) -> str | None:
    try:
        response = httpx.get(part.url + part.ready, timeout=5, trust_env=False)
    except httpx.TransportError:
        return "it does not answer yet"
    if response.status_code == httpx.codes.OK:
        return None
    try:
        return str(response.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return f"it answers {response.status_code}"


def show_sample(parts: list[Part]) -> None:
    """Send the sample through both services and print what they answered, then where to go on."""
    inference, chat, page = parts
    print(
        f"\nSending {SAMPLE.relative_to(ROOT)} (rendered, no patient's tissue) through both ...\n", flush=True
    )
    print(render(*send_sample(SAMPLE, inference.url, chat.url)))
    print(f"\nPage               {page.url}")
    print(f"Inference API      {inference.url}/docs")
    print(f"Chat API           {chat.url}/docs")
    print("Ctrl-C stops everything.", flush=True)


def stay(children: list[Child], may_stay: Callable[[], bool]) -> None:
    """Show what the services log until asked to stop.

    Raises:
        ChildEnded: if one ends.
    """
    for child in children:
        child.loud = True
    while may_stay():
        for child in children:
            child.check()
        time.sleep(0.5)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - signal's signature
    raise KeyboardInterrupt


def run(may_stay: Callable[[], bool]) -> int:
    """Start everything, show the sample, stay; return the exit code."""
    children: list[Child] = []
    try:
        parts = list_parts()
        check_ports(parts)
        start_parts(parts, children)
        wait_until_ready(parts, children)
        show_sample(parts)
        stay(children, may_stay)
    except KeyboardInterrupt:
        print("\nStopping ...", flush=True)
    except (PortUnusable, ChildEnded, NotReadyInTime, SampleFailed) as error:
        print(f"\nmake run: {error}", file=sys.stderr, flush=True)
        return 1
    finally:
        # A second Ctrl-C must not leave anything behind.
        _on_stop_signals(signal.SIG_IGN)
        stop_all(children)
    return 0


def _on_stop_signals(action: Callable[[int, FrameType | None], NoReturn] | signal.Handlers) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup, SIGHUP is ignored and stays so.
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, action)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stop-with", type=int, metavar="PID", help="stop when this parent process is gone")
    parent = parser.parse_args().stop_with
    load_dotenv(ROOT / ".env")
    _on_stop_signals(_interrupt)
    sys.exit(run(lambda: parent is None or os.getppid() == parent))
