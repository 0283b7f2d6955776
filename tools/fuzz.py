"""`make fuzz`: send thousands of damaged and hostile files to a running service and see what becomes of it.

Ends with status 1 after any 5xx, an answer that is neither a prediction nor a problem, a service that ended
or grew by more than 5 %, or one that a sound image can no longer get through.
"""

import argparse
import itertools
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import httpx

from tools.mutations import bombs, mutate, sound_files

GROWTH = 0.05
"""Most growth of resident memory from after the warming up until the end."""
WARM = 600
"""Files before memory is measured for the first time: allocators and caches fill up once."""
PROBLEM = "application/problem+json"


class Campaign:
    """The files, numbered; several clients take the next one, and count what they are answered."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._files = sound_files()
        self._next = itertools.count()
        self.answers: Counter[str] = Counter()
        self.faults: list[str] = []
        self.slowest = 0.0

    def run(self, files: int, clients: int) -> None:
        """Send the next `files` files."""
        end = next(self._next) + files
        threads = [threading.Thread(target=self._work, args=(end,)) for _ in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, end: int) -> None:
        with httpx.Client(timeout=60) as client:
            while (number := next(self._next)) <= end:
                self.send(client, f"seed {number}", mutate(self._files, number))

    def send(self, client: httpx.Client, name: str, data: bytes) -> None:
        """Send one file and judge the answer."""
        start = time.monotonic()
        try:
            answer = client.post(f"{self._url}/predict", files={"file": ("any", data)})
        except httpx.HTTPError as error:
            self.faults.append(f"{name}: {type(error).__name__}")
            return
        self.slowest = max(self.slowest, time.monotonic() - start)
        kind = answer.json().get("type", "prediction").removeprefix("/problems/")
        self.answers[f"{answer.status_code} {kind}"] += 1
        told = answer.status_code == httpx.codes.OK or answer.headers["content-type"] == PROBLEM
        if answer.is_server_error or not told:
            self.faults.append(f"{name}: {answer.status_code} {kind}")


def main() -> int:
    """Run a campaign against a service of its own and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tools.fuzz", description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=10_000, help="files to send (default %(default)s)")
    parser.add_argument("--clients", type=int, default=4, help="at a time (default %(default)s)")
    options = parser.parse_args()
    port = _free_port()
    service = subprocess.Popen(
        [sys.executable, "-m", "inference_service"],
        env={"INFERENCE_PORT": str(port), "INFERENCE_MAX_PIXELS": "4000000", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        return _judge(service, f"http://127.0.0.1:{port}", options.files, options.clients)
    finally:
        service.terminate()
        service.wait(60)


def _judge(service: subprocess.Popen[bytes], url: str, files: int, clients: int) -> int:
    _wait_until_ready(url)
    campaign, start = Campaign(url), time.monotonic()
    campaign.run(WARM, clients)
    before = resident(service.pid)
    campaign.run(files - WARM, clients)
    with httpx.Client(timeout=60) as client:
        for name, data in bombs().items():
            campaign.send(client, name, data)
        after = resident(service.pid)
        sound = [
            client.post(f"{url}/predict", files={"file": ("any", sound_files()["png"])}).status_code
            for _ in range(20)
        ]
        alive = service.poll() is None and client.get(f"{url}/health/ready").is_success
    print(f"{sum(campaign.answers.values())} files in {time.monotonic() - start:.0f} s by {clients} clients")
    for answer, count in campaign.answers.most_common():
        print(f"{count:6} {answer}")
    print(f"slowest answer {campaign.slowest:.2f} s; faults {len(campaign.faults)} {campaign.faults[:5]}")
    print(f"resident memory of all its processes: {before} MB before, {after} MB after")
    print(f"alive and ready: {alive}; sound images answered 200: {sound.count(200)} of {len(sound)}")
    good = alive and not campaign.faults and sound.count(200) == len(sound) and after <= before * (1 + GROWTH)
    return 0 if good else 1


def resident(pid: int) -> int:
    """Return the resident memory of a process and its children in megabytes (Linux)."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    total = 0
    for each in (str(pid), *children):
        status = Path(f"/proc/{each}/status").read_text()
        total += int(status.split("VmRSS:")[1].split()[0])
    return total // 1000


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + 120
    while True:
        try:
            if httpx.get(f"{url}/health/ready").is_success:
                return
        except httpx.TransportError:
            pass
        if time.monotonic() > deadline:
            raise SystemExit("the service does not become ready")
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
