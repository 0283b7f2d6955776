"""Measure explanations of the knowledge base over HTTP: `python -m bench.explain`.

One process on one core, clients on another where there is one, 127.0.0.1 only. Every request is another
case: other decisions, tissue types, findings, audiences and languages, so nothing is answered from memory
that would not be in a clinic.
"""

import argparse
import asyncio
import os
import platform
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from bench.load import HOST, Result, press
from bench.servers import Server
from contract import Clinical, ExplanationRequest
from contract.example import EXAMPLE

CASES = 4000
CLIENTS = (1, 16)
LABELS = (
    "benign", "malignant", "adenosis", "fibroadenoma", "phyllodes_tumor", "tubular_adenoma", "ductal_carcinoma",
    "lobular_carcinoma", "mucinous_carcinoma", "papillary_carcinoma", "dcis", "something else",
)  # fmt: skip


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


def make_request(chance: random.Random, language: str) -> ExplanationRequest:
    """Make up a request; an id of its own, and findings in two of three."""
    decision = chance.choice(("benign", "malignant", "indeterminate"))
    probability = round(chance.random(), 6)
    prediction = EXAMPLE.model_copy(
        update={
            "id": UUID(int=chance.getrandbits(128), version=4),
            "label": chance.choice(LABELS),
            "decision": decision,
            "malignant_probability": probability,
            "probabilities": {"benign": round(1 - probability, 6), "malignant": probability},
        }
    )
    findings = Clinical(
        tumour_size_mm=round(chance.uniform(1, 90), 1),
        positive_nodes=chance.choice((None, 0, 1, 2, 7)),
        distant_metastasis=chance.choice((None, False, True)),
        grade=chance.choice((None, 1, 2, 3)),
        er=chance.choice((None, "positive", "negative")),
    )
    return ExplanationRequest(
        prediction=prediction,
        audience=chance.choice(("patient", "clinician")),
        language=language,
        clinical=findings if chance.random() > 1 / 3 else None,
        include_prognosis=chance.random() > 1 / 2,
    )


def write_requests(languages: Sequence[str]) -> list[bytes]:
    """Write whole HTTP requests, every one another case; the same ones in each run."""
    chance = random.Random(7)  # noqa: S311 - keeps no secret
    return [
        _post(make_request(chance, languages[number % len(languages)]).model_dump_json(exclude_none=True))
        for number in range(CASES)
    ]


def _post(content: str) -> bytes:
    body = content.encode()
    head = (
        f"POST /explain HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


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
