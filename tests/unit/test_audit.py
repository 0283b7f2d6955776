"""The audit log as files: what shows tampering, what a kill may leave, and how it grows."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest

from inference_service.audit.chain import LONGEST_LINE, KeyMissing
from inference_service.audit.check import _lines, check
from inference_service.audit.files import head_of
from inference_service.audit.journal import Journal, JournalUnusable

KEY = b"made-up key of thirty-two letters"


def event(number):
    return {"time": "2026-11-26T05:00:00.000+00:00", "event": "prediction", "outcome": f"outcome {number}"}


def write(path, count=10, *, key=None, max_bytes=10_000_000):
    journal = Journal(path, key=key, max_bytes=max_bytes)
    for number in range(count):
        journal.append([event(number)])
    journal.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "audit.jsonl"


@pytest.fixture(params=[None, KEY], ids=["hash", "mac"])
def key(request):
    return request.param


def test_what_was_written_is_sound_and_one_json_object_a_line(path, key):
    write(path, key=key)
    report = check(path, key)
    assert (report.records, report.last.number) == (11, 10)
    assert report.findings == report.remarks == []
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert [entry["seq"] for entry in entries] == list(range(11))
    assert entries[0]["event"] == "opened"
    assert entries[5]["outcome"] == "outcome 4"


def change(lines):
    lines[5] = lines[5].replace(b"outcome 4", b"outcome 9")


def remove(lines):
    del lines[5]


def swap(lines):
    lines[4], lines[5] = lines[5], lines[4]


def repeat(lines):
    lines.insert(5, lines[5])


def insert(lines):
    lines.insert(5, b'{"seq":5,"time":"t","event":"prediction","prev":"","hash":"' + b"0" * 64 + b'"}\n')


def cut_off(lines):
    del lines[-1]


def cut_off_many(lines):
    del lines[3:]


def empty(lines):
    lines.clear()


def spoil(lines):
    lines[5] = b"\0" * len(lines[5])


def remove_first(lines):
    del lines[0]


TAMPERING = [remove_first, change, remove, swap, repeat, insert, cut_off, cut_off_many, empty, spoil]


@pytest.mark.parametrize("tamper", TAMPERING)
def test_tampering_shows(path, key, tamper):
    write(path, key=key)
    lines = path.read_bytes().splitlines(keepends=True)
    tamper(lines)
    path.write_bytes(b"".join(lines))
    assert check(path, key).findings


def forge_whole(path):
    """Write another log in its place, as anyone can who has the program and not the key."""
    for each in (path, head_of(path)):
        each.unlink()
    write(path, 10)


def test_a_log_that_was_forged_as_a_whole_shows_only_with_a_key_or_a_witness(path):
    write(path)
    witness = check(path, None).last.digest
    forge_whole(path)
    assert check(path, None).findings == []
    assert check(path, None, contains=witness).findings == [
        "the digest noted elsewhere is not among the records"
    ]
    path.unlink(), head_of(path).unlink()
    write(path, key=KEY)
    forge_whole(path)
    assert check(path, KEY).findings
    path.unlink(), head_of(path).unlink()
    write(path, key=KEY)
    assert check(path, KEY, contains=check(path, KEY).last.digest).findings == []


def test_a_sealed_log_cannot_be_checked_without_its_key_nor_with_another(path):
    write(path, key=KEY)
    with pytest.raises(KeyMissing):
        check(path, None)
    assert check(path, KEY[::-1]).findings
    for wrong in (None, KEY[::-1]):
        with pytest.raises(JournalUnusable, match="key"):
            Journal(path, key=wrong, max_bytes=10**6)


def test_a_log_goes_on_where_it_ended(path, key):
    write(path, 3, key=key)
    write(path, 3, key=key)
    report = check(path, key)
    assert (report.records, report.findings) == (8, [])


def test_there_is_one_writer(path):
    first = Journal(path, key=None, max_bytes=10**6)
    with pytest.raises(JournalUnusable, match="Another process"):
        Journal(path, key=None, max_bytes=10**6)
    first.append([event(1)])
    first.close()
    write(path, 1)
    assert check(path, None).findings == []


@pytest.mark.parametrize("left", [1, 20, 200])
def test_a_half_written_line_is_cut_off_noted_and_the_chain_goes_on(path, key, left):
    write(path, key=key)
    whole = path.read_bytes()
    half = whole.splitlines(keepends=True)[-1][:left]
    path.write_bytes(whole + half)
    assert "half-written" in check(path, key).remarks[0]
    assert check(path, key).findings == []
    write(path, 2, key=key)
    report = check(path, key)
    assert (report.records, report.findings, report.remarks) == (14, [], [])
    assert json.loads(path.read_bytes().splitlines()[11])["cut_bytes"] == left


def test_whole_lines_that_were_torn_before_they_were_acknowledged_are_cut_off_too(path, key):
    write(path, key=key)
    with path.open("ab") as file:
        file.write(b"\0" * 300 + b"\n" + b"\0" * 100)
    write(path, 1, key=key)
    assert check(path, key).findings == []


@pytest.mark.parametrize("tamper", [cut_off, cut_off_many, empty])
def test_a_service_does_not_continue_a_log_that_was_cut_off(path, key, tamper):
    write(path, key=key)
    lines = path.read_bytes().splitlines(keepends=True)
    tamper(lines)
    path.write_bytes(b"".join(lines))
    with pytest.raises(JournalUnusable, match="Move"):
        Journal(path, key=key, max_bytes=10**6)
    assert path.read_bytes() == b"".join(lines)


def test_a_missing_promise_is_noted(path):
    write(path)
    head_of(path).unlink()
    write(path, 1)
    assert json.loads(path.read_text().splitlines()[11])["head"] == "missing"


@pytest.mark.parametrize("content", [b"Jane Doe", b"a\nb\n", b"{}\n", b"\0" * 2_000_000])
def test_a_file_that_is_no_audit_log_is_left_alone(path, content):
    path.write_bytes(content)
    with pytest.raises(JournalUnusable, match="no audit log"):
        Journal(path, key=None, max_bytes=10**6)
    assert path.read_bytes() == content


def test_a_place_that_cannot_be_written_is_told_without_its_path(tmp_path):
    with pytest.raises(JournalUnusable, match="No such file") as caught:
        Journal(tmp_path / "none" / "audit.jsonl", key=None, max_bytes=10**6)
    assert str(tmp_path) not in str(caught.value)


def test_a_log_that_grows_is_put_aside_and_the_chain_is_carried_over(path, key):
    write(path, 200, key=key, max_bytes=10_000)
    files = sorted(path.parent.glob("audit.jsonl.0*"))
    assert len(files) >= 3
    assert all(file.stat().st_size <= 10_000 for file in files)
    report = check(path, key)
    assert (report.records, report.findings, report.remarks) == (201 + len(files), [], [])
    files[1].unlink()
    assert check(path, key).findings
    files[0].unlink()
    assert "earlier files are not here" in check(path, key).remarks[0]


def test_a_line_that_is_half_written_is_the_last_that_is_read(path):
    path.write_bytes(b"whole\nhalf")
    lines = _lines([path])
    assert [(line.content, line.whole) for line in (next(lines), next(lines))] == [
        (b"whole", True),
        (b"half", False),
    ]
    with path.open("ab") as file:
        file.write(b" of it\nanother\n")
    assert list(lines) == []


def test_a_line_that_no_service_writes_is_no_half_written_one(path):
    write(path)
    with path.open("ab") as file:
        file.write(b"a" * 2 * LONGEST_LINE)
    assert check(path, None).findings


def test_a_log_can_be_checked_while_it_is_written(path):
    journal = Journal(path, key=None, max_bytes=20_000)
    stop = threading.Event()

    def write_on():
        while not stop.is_set():
            journal.append([event(1)] * 5)

    writer = threading.Thread(target=write_on)
    writer.start()
    findings, deadline = [], time.monotonic() + 2
    while time.monotonic() < deadline:
        findings += check(path, None).findings
    stop.set()
    writer.join()
    journal.close()
    assert findings == []
    assert len(list(path.parent.glob("audit.jsonl.0*"))) > 1


def test_a_log_without_the_file_that_is_written_is_missing(path):
    with pytest.raises(FileNotFoundError):
        check(path, None)


def test_a_log_whose_file_was_just_put_aside_is_waited_for(path):
    write(path, 5)
    path.rename(path.with_name("audit.jsonl.000000000005"))
    write(path, 5)
    fresh = path.rename(path.with_name("fresh"))
    later = threading.Timer(0.3, lambda: fresh.rename(path))  # with all its records at once
    later.start()
    report = check(path, None)
    later.join()
    assert report.findings == []
    assert report.records > 6


def test_a_kill_between_putting_aside_and_beginning_anew_loses_nothing(path, key):
    write(path, 5, key=key)
    path.rename(path.with_name("audit.jsonl.000000000005"))
    write(path, 5, key=key)
    report = check(path, key)
    assert (report.records, report.findings) == (12, [])


@contextmanager
def no_room_beyond(size):
    """Let no file grow beyond this size, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


def test_a_record_that_finds_no_room_is_refused_whole_and_later_ones_follow_the_last_good_one(path, key):
    journal = Journal(path, key=key, max_bytes=10**6)
    journal.append([event(1)])
    with no_room_beyond(path.stat().st_size + 100):
        for _ in range(3):
            with pytest.raises(OSError, match="too large"):
                journal.append([event(2)])
    journal.append([event(3)])
    journal.close()
    assert check(path, key).findings == []
    assert "outcome 2" not in path.read_text()
    assert "outcome 3" in path.read_text()


WRITER = """
import sys
from pathlib import Path
from inference_service.audit.journal import Journal
journal = Journal(Path(sys.argv[1]), key=None, max_bytes=20_000)
while True:
    events = [{"time": "t", "event": "prediction", "outcome": "o" * 50}] * 3
    journal.append(events)
    print(journal.last.number, flush=True)
"""


def test_kill_9_at_any_moment_loses_no_acknowledged_record(path, root):
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, path], cwd=root, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline()
        killer = threading.Timer(random.uniform(0, 0.3), process.kill)  # noqa: S311 - a moment, no secret
        killer.start()
        acknowledged = [int(line) for line in process.stdout]
        process.wait()
        process.stdout.close()
        report = check(path, None)
        assert report.findings == []
        assert report.last.number >= max(acknowledged, default=0)


def verify(root, path, *options, **variables):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("INFERENCE_")}
    return subprocess.run(
        [sys.executable, "-m", "inference_service.audit", "verify", path, *options],
        cwd=root, env=environment | variables, capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip


def test_the_command_says_whether_a_log_is_sound(path, root):
    write(path, key=KEY)
    done = verify(root, path, INFERENCE_AUDIT_KEY=KEY.decode())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Sound: 11 records, the last 10 ")
    assert verify(root, path).returncode == 2
    assert verify(root, path.with_name("none")).returncode == 2
    path.write_bytes(path.read_bytes().replace(b"outcome 4", b"outcome 5"))
    done = verify(root, path, INFERENCE_AUDIT_KEY=KEY.decode())
    assert done.returncode == 1
    assert "line 6 of audit.jsonl was changed" in done.stdout


def test_checking_takes_seconds_for_a_hundred_thousand_records(path):
    journal = Journal(path, key=None, max_bytes=10**9)
    journal.append([event(number) for number in range(100_000)])
    journal.close()
    started = time.monotonic()
    assert check(path, None).records == 100_001
    assert time.monotonic() - started < 20
