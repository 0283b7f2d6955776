"""Measure explanations that Mistral writes, beside LiteLLM: `python -m bench.chat`.

All on 127.0.0.1 and in one run. First a crowd: one explanation alone and many at once, in front of a server
that thinks for a second. Then what is added to a call of a server that answers at once: by this service
(reading the request, composing the facts, looking at what leaves, guarding what comes back, putting the
answer together) and by the LiteLLM proxy, which passes the same request on.
"""

import argparse
import asyncio
import itertools
import json
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.explain.__main__ import describe
from bench.explain.cases import write_requests
from bench.load import Connection, Result, press
from bench.servers import Server

KEY = "bench"
CONFIG = """
model_list:
  - model_name: {model}
    litellm_params: {{model: "openai/{model}", api_base: "http://127.0.0.1:{port}/v1", api_key: "{key}"}}
litellm_settings: {{drop_params: true, telemetry: false}}
"""
CLIENTS = (1, 16)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.chat", description=__doc__)
    parser.add_argument("--crowd", type=int, default=500, help="explanations at once (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=5, help="of load in each turn (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="turns of each side (default: %(default)s)")
    parser.add_argument(
        "--litellm",
        type=Path,
        metavar="PYTHON",
        help="Python of an environment with litellm[proxy] (default: without that peer)",
    )
    return parser.parse_args(arguments)


def start_upstream(seconds: float) -> Server:
    """Start a server that completes chats."""
    return Server("upstream", lambda port: ["bench.chat.upstream", str(port), str(seconds)], "/health")


def start_ours(upstream: Server) -> Server:
    """Start the chat service as `python -m chat_service` does, every other setting at its default."""
    return Server(
        "this service",
        lambda _: ["chat_service"],
        "/health/ready",
        lambda port: {
            "CHAT_PORT": str(port),
            "MISTRAL_API_KEY": KEY,
            "MISTRAL_BASE_URL": f"http://127.0.0.1:{upstream.port}",
        },
    )


def start_litellm(python: Path, config: Path) -> Server:
    """Start the LiteLLM proxy with one worker, as it is when nothing is set."""
    return Server(
        "LiteLLM proxy",
        lambda port: ["litellm.proxy.proxy_cli", "--config", str(config), "--port", str(port)],
        "/health/liveliness",
        lambda _: {
            # It fetches its list of prices otherwise, and does not start without a key.
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
        },
        python=str(python),
    )


async def ask_together(port: int, requests: Sequence[bytes]) -> float:
    """Send all at once; return the seconds until the last was answered.

    Raises:
        RuntimeError: if one was not answered with 200.
    """
    begun = time.perf_counter()
    answers = await asyncio.gather(*(Connection(port).send(each) for each in requests))
    if any(status != 200 for status, _ in answers):  # noqa: PLR2004 - as HTTP has it
        raise RuntimeError("not every explanation was answered")
    return time.perf_counter() - begun


def written_by(server: Server, engine: str) -> int:
    """Return how many explanations an engine has written."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    name = f'chat_answers_total{{engine="{engine}",route="explain"}} '
    return next((int(float(line.removeprefix(name))) for line in lines if line.startswith(name)), 0)


def measure_crowd(requests: Sequence[bytes], options: argparse.Namespace) -> None:
    """Print how much longer many take than one."""
    print("| Explanations at once | Seconds | More than one alone | Written by Mistral | Resident, MB |")
    print("|---|---|---|---|---|")
    with start_upstream(1) as upstream, start_ours(upstream) as server:
        alone = median(asyncio.run(ask_together(server.port, requests[:1])) for _ in range(3))
        print(f"| 1 | {alone:.2f} | - | {written_by(server, 'mistral')} of 3 | {server.memory.rss:.0f} |")
        many = list(itertools.islice(itertools.cycle(requests), options.crowd))
        for _ in range(options.rounds):
            before = written_by(server, "mistral")
            seconds = asyncio.run(ask_together(server.port, many))
            written = written_by(server, "mistral") - before
            print(
                f"| {options.crowd} | {seconds:.2f} | {seconds - alone:.2f} | {written} of {options.crowd} | "
                f"{server.memory.rss:.0f} |"
            )


def body_that_leaves(server: Server, request: bytes) -> bytes:
    """Return what this service sends for a request, by its dry run."""
    asked = urllib.request.Request(
        f"http://127.0.0.1:{server.port}/explain?dry_run=true",
        request.partition(b"\r\n\r\n")[2],
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(asked, timeout=30) as answer:  # noqa: S310
        return json.dumps(json.load(answer)["body"]).encode()


def post(path: str, body: bytes) -> bytes:
    """Return a whole request."""
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Authorization: Bearer {KEY}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def measure_added(requests: Sequence[bytes], options: argparse.Namespace) -> None:
    """Print what each side adds to a call of a server that answers at once."""
    with ExitStack() as stack:
        upstream = stack.enter_context(start_upstream(0))
        ours = stack.enter_context(start_ours(upstream))
        body = body_that_leaves(ours, requests[0])
        call = [post("/v1/chat/completions", body)]
        sides = [(upstream, call), (ours, requests)]
        if options.litellm:
            config = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "config.yaml"
            model = json.loads(body)["model"]
            config.write_text(CONFIG.format(model=model, port=upstream.port, key=KEY), "utf-8")
            sides.append((stack.enter_context(start_litellm(options.litellm, config)), call))
        print("| Clients | Side | p50, ms | Added, ms | p99, ms | Requests/s | Others | Resident, MB |")
        print("|---|---|---|---|---|---|---|---|")
        for clients in CLIENTS:
            runs: list[list[Result]] = [[] for _ in sides]
            for turn in range(1 + options.rounds):
                for (server, sent), results in zip(sides, runs, strict=True):
                    result = asyncio.run(press(server.port, sent, clients, options.seconds))
                    results.extend([result] if turn else [])
            direct = _middle(runs[0])
            for (server, _), results in zip(sides, runs, strict=True):
                print(_row(clients, server, results, direct))
        print(f"\nWritten by the knowledge base instead: {written_by(ours, 'knowledge-base')}")


def _middle(results: Sequence[Result]) -> float:
    return median(each.quantile(0.5) for each in results) * 1000


def _row(clients: int, server: Server, results: Sequence[Result], direct: float) -> str:
    others = sum(sum(each.statuses.values()) - len(each.times) for each in results)
    middle = _middle(results)
    last = median(each.quantile(0.99) for each in results) * 1000
    rate = median(each.per_second for each in results)
    return (
        f"| {clients} | {server.name} | {middle:.2f} | {middle - direct:.2f} | {last:.2f} | {rate:.0f} | "
        f"{others or '-'} | {server.memory.rss:.0f} |"
    )


def main(arguments: Sequence[str]) -> int:
    """Measure, print the tables; return the exit code."""
    options = parse(arguments)
    requests = write_requests(["en"])
    print(f"Before: {describe()}\n")
    measure_crowd(requests, options)
    print()
    measure_added(requests, options)
    print(f"\nAfter: {describe()}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
