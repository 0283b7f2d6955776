"""Measure serving beside ONNX Runtime and LitServe: `python -m bench.serving`.

Everything in one run, with the same images, on 127.0.0.1 only, bounded in time and requests.
"""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import NamedTuple

import artifact
from artifact import choose_device
from bench.engines import write_onnx
from bench.load import Result, pour, press, request_of
from bench.machine import describe
from bench.pictures import list_files
from bench.servers import Server, start_ours, start_peer
from bench.stopwatch import FILE_COUNT, FILES, OURS, PEER, Side
from training.arguments import positive

CLIENTS = (1, 8, 64)
CROWD = CLIENTS[-1]
OVERLOAD = 4
BATCHES = (1, 8)


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.serving", description=__doc__)
    parser.add_argument("--model", type=Path, default=Path("models/starter.pt"), help="default: %(default)s")
    parser.add_argument(
        "--seconds", type=positive, default=8, help="of load in each turn (default: %(default)s)"
    )
    parser.add_argument(
        "--rounds", type=positive, default=3, help="turns of each side (default: %(default)s)"
    )
    return parser.parse_args(arguments)


class Speeds(NamedTuple):
    """Milliseconds for each image of a bare engine, medians of the turns."""

    threads: int
    batch: int
    ours: float
    peer: float


def measure_engines(model: Path, network: Path, rounds: int) -> list[Speeds]:
    """Time both engines in turns, on all cores and on one."""
    rows = []
    for threads in sorted({_count_cores(), 1}, reverse=True):
        with Side(OURS, model, threads) as ours, Side(PEER, network, threads) as peer:
            for batch in BATCHES:
                turns = [(ours.measure(batch), peer.measure(batch)) for _ in range(rounds)]
                rows.append(Speeds(threads, batch, *(median(times) for times in zip(*turns, strict=True))))
    return rows


def measure_files(model: Path) -> float:
    """Return milliseconds for decoding and computing one file without HTTP, on one core as in the service."""
    with Side(FILES, model, 1) as side:
        return median(side.measure(1) for _ in range(3))


def measure_http(servers: Sequence[Server], requests: Sequence[bytes], options: argparse.Namespace) -> None:
    """Press each server in turns with few and with many clients, and print what became of it."""
    print("| Clients | Server | Requests/s | Mean, ms | p50, ms | p99, ms | Other statuses |")
    print("|---|---|---|---|---|---|---|")
    for clients in CLIENTS:
        runs: dict[str, list[Result]] = {server.name: [] for server in servers}
        for turn in range(1 + options.rounds):
            for server in servers:
                # The first turn warms up, and does not count.
                seconds = options.seconds if turn else 1
                runs[server.name].append(asyncio.run(press(server.port, requests, clients, seconds)))
        for name, results in runs.items():
            print(f"| {clients} | {name} | {_row(_middle(results[1:]))} |", flush=True)


def measure_overload(server: Server, requests: Sequence[bytes], seconds: float) -> None:
    """Find what the server can carry, send four times as much, and print both."""
    full = asyncio.run(press(server.port, requests, CROWD, seconds))
    rate = OVERLOAD * full.per_second
    before = time.process_time()
    flooded = asyncio.run(pour(server.port, requests, rate, seconds))
    own = time.process_time() - before
    print("| Load | Answered/s | Mean, ms | p50, ms | p99, ms | Other statuses | 503 without Retry-After |")
    print("|---|---|---|---|---|---|---|")
    print(f"| {CROWD} clients | {_row(full)} | {full.without_retry_after} |")
    print(f"| {rate:.0f} requests/s | {_row(flooded)} | {flooded.without_retry_after} |")
    print(
        f"\np99 {flooded.quantile(0.99) / full.quantile(0.99):.2f} times, "
        f"throughput {flooded.per_second / full.per_second:.2f} times that at saturation; "
        f"the clients of the flood took {own / flooded.seconds:.2f} cores of the {_count_cores()}",
        flush=True,
    )


def _row(result: Result) -> str:
    times = (result.mean, result.quantile(0.5), result.quantile(0.99))
    others = {status: count for status, count in result.statuses.items() if status != 200}  # noqa: PLR2004
    told = ", ".join(f"{count} x {status or 'none'}" for status, count in others.items()) or "none"
    return f"{result.per_second:.1f} | {' | '.join(f'{1000 * each:.1f}' for each in times)} | {told}"


def _middle(results: Sequence[Result]) -> Result:
    """Return the run with the median throughput."""
    return sorted(results, key=lambda result: result.per_second)[len(results) // 2]


def _count_cores() -> int:
    return len(os.sched_getaffinity(0))


def main(arguments: Sequence[str]) -> int:
    """Measure, print the tables; return the exit code."""
    options = parse(arguments)
    card = artifact.load(options.model, "cpu").card
    requests = [request_of(data) for data in list_files(FILE_COUNT)]
    print(f"{describe(choose_device('cpu'))}\n{card.name} {card.version}, {card.architecture}\n", flush=True)
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        network, cores = Path(place) / "whole.onnx", _count_cores()
        write_onnx(network, len(card.classes))
        print("| Threads | Batch | Ours, ms an image | ONNX Runtime float32, ms an image | Ratio |")
        print("|---|---|---|---|---|")
        for row in measure_engines(options.model, network, options.rounds):
            figures = f"{row.ours:.2f} | {row.peer:.2f} | {row.peer / row.ours:.2f}"
            print(f"| {row.threads} | {row.batch} | {figures} |", flush=True)
        print(f"\nDecoding and model, one file, no HTTP: {measure_files(options.model):.2f} ms\n", flush=True)
        ours = stack.enter_context(start_ours(options.model))
        print(f"From the start of the process to ready: {ours.seconds_to_ready:.1f} s")
        print(f"Megabytes when ready: {ours.memory}\n", flush=True)
        peers = [(1, cores, 1), (1, cores, 8), (cores, 1, 1)]
        started = [stack.enter_context(start_peer(network, *peer)) for peer in peers]
        measure_http([ours, *started], requests, options)
        print(f"\nMegabytes after the load: {ours.memory}; LitServe {started[0].memory}\n", flush=True)
    with start_ours(options.model) as ours:
        measure_overload(ours, requests, 2 * options.seconds)
    print(f"\nAfter: {describe(choose_device('cpu'))}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
