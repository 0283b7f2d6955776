"""Measure explanations of the knowledge base over HTTP: `python -m bench.explain`.

One process on one core, clients on another where there is one, 127.0.0.1 only. Every request is another
case: other decisions, tissue types, findings, audiences and languages, so nothing is answered from memory
that would not be in a clinic.
"""

import argparse
import asyncio
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.explain.cases import write_requests
from bench.load import Result, press
from bench.servers import Server

CLIENTS = (1, 16)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.explain", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=5, help="of load in each turn (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="turns (default: %(default)s)")
    parser.add_argument(
        "--languages", default="en,de-AT,es-MX,fr,hi-IN", help="asked in turn (default: %(default)s)"
    )
    return parser.parse_args(arguments)


@contextmanager
def start_chat() -> Iterator[Server]:
    """Start the chat service without a key, on the last core; what follows runs on the others."""
    cores = sorted(os.sched_getaffinity(0))
    try:
        os.sched_setaffinity(0, cores[-1:])
        server = Server(
            "chat service", lambda _: ["chat_service"], "/health/ready", lambda port: {"CHAT_PORT": str(port)}
        )
        os.sched_setaffinity(0, cores[:-1] or cores)
        with server:
            yield server
    finally:
        os.sched_setaffinity(0, cores)


def show(clients: int, result: Result, cpu_seconds: float) -> str:
    """Return a row of the table."""
    others = {status: count for status, count in result.statuses.items() if status != 200}  # noqa: PLR2004
    served = len(result.times) or 1
    return (
        f"| {clients} | {result.per_second:.0f} | {result.quantile(0.5) * 1000:.2f} | "
        f"{result.quantile(0.99) * 1000:.2f} | {cpu_seconds / served * 1000:.2f} | {others or '-'} |"
    )


async def measure(server: Server, requests: Sequence[bytes], options: argparse.Namespace) -> None:
    """Press the service with one client and with many, and print what became of it."""
    await press(server.port, requests, CLIENTS[-1], 2)
    print("| Clients | Requests/s | p50, ms | p99, ms | Processor, ms a request | Other statuses |")
    print("|---|---|---|---|---|---|")
    for clients in CLIENTS:
        for _ in range(options.rounds):
            before = server.cpu_seconds
            result = await press(server.port, requests, clients, options.seconds)
            print(show(clients, result, server.cpu_seconds - before))
    print(f"\nMemory after the load: {server.memory.rss:.0f} MB resident")


def describe() -> str:
    """Return processor, load, versions and date in one line."""
    listing = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    name = next((line.partition(":")[2].strip() for line in listing if line.startswith("model name")), "?")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    cores = len(os.sched_getaffinity(0))
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    return f"{name}; {cores} cores, load {load}; Python {platform.python_version()}; {when}"


def main(arguments: Sequence[str]) -> int:
    """Measure, print the table; return the exit code."""
    options = parse(arguments)
    requests = write_requests(options.languages.split(","))
    print(f"{describe()}\n")
    with start_chat() as server:
        asyncio.run(measure(server, requests, options))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
