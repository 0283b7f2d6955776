"""What a file of API keys may hold, how keys are made, and when a change to the file counts."""

import hashlib
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest

from web.clients import CHECK_EVERY_S, Clients, KeysUnusable
from web.keys import ApiKey, KeyLineInvalid, digest_of, main, make_key, parse_line

KEY = "bts_made-up"
LINE = f"pacs sha256:{hashlib.sha256(KEY.encode()).hexdigest()}"


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "keys.txt"
    path.write_text(f"# who may ask\n\n{LINE} rate=60 expires=2999-12-31  # radiology\n")
    return path


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def clients(file, clock):
    return Clients(file, clock)


def changed(file, content, clock):
    """Write the file anew and let the time pass after which that is noticed."""
    file.write_text(content)
    clock.now += CHECK_EVERY_S


def test_a_line_holds_client_digest_rate_and_last_day():
    key = parse_line(f"{LINE} expires=2027-12-31 rate=60 # remark")
    assert key == ApiKey("pacs", digest_of(KEY), 60, date(2027, 12, 31))
    assert parse_line(key.line()) == key


@pytest.mark.parametrize("line", ["", "   ", "# pacs sha256:00"])
def test_an_empty_line_or_a_remark_is_no_key(line):
    assert parse_line(line) is None


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("pacs", id="name alone"),
        pytest.param(f"pacs {KEY}", id="a key instead of its digest"),
        pytest.param("pacs sha256:abc", id="short digest"),
        pytest.param(LINE.upper(), id="upper case"),
        pytest.param(f"(loopback) {LINE[5:]}", id="a name that logs use for others"),
        pytest.param(f"{'x' * 65} {LINE[5:]}", id="long name"),
        pytest.param(f"{LINE} rate=-1", id="negative rate"),
        pytest.param(f"{LINE} rate=9999999", id="absurd rate"),
        pytest.param(f"{LINE} rate=1 rate=2", id="twice"),
        pytest.param(f"{LINE} expires=soon", id="no day"),
        pytest.param(f"{LINE} admin", id="unknown word"),
    ],
)
def test_a_line_that_is_no_key_is_refused_without_repeating_it(line):
    with pytest.raises(KeyLineInvalid) as caught:
        parse_line(line)
    assert KEY not in str(caught.value)


def test_a_key_counts_through_its_last_day():
    key = ApiKey("pacs", b"", 0, date(2027, 12, 31))
    assert not key.has_expired(datetime(2027, 12, 31, 23, 59, tzinfo=UTC))
    assert key.has_expired(datetime(2028, 1, 1, 0, 0, tzinfo=UTC))


def test_keys_are_long_and_never_the_same():
    made = {make_key() for _ in range(100)}
    assert len(made) == 100
    assert {len(key) for key in made} == {47}


def test_the_client_of_a_key_is_found_and_nobody_else_s(clients):
    assert clients.find(KEY).client == "pacs"
    assert clients.find(KEY).rate == 60
    for wrong in ("", KEY[:-1], KEY + "x", KEY.upper(), "x" * 10_000, "\udcff", "é"):
        assert clients.find(wrong) is None


def test_an_expired_key_is_nobody_s(file, clock):
    file.write_text(f"{LINE} expires=2020-01-01\n")
    assert Clients(file, clock).find(KEY) is None


def test_a_client_may_have_two_keys_while_it_changes_them(file, clock):
    file.write_text(f"{LINE}\npacs sha256:{digest_of('new').hex()}\n")
    clients = Clients(file, clock)
    assert clients.find(KEY).client == clients.find("new").client == "pacs"


def test_a_key_that_is_taken_out_of_the_file_no_longer_counts(clients, file, clock):
    changed(file, f"ward sha256:{digest_of('other').hex()}\n", clock)
    assert clients.find(KEY) is None
    assert clients.find("other").client == "ward"


def test_the_file_is_looked_at_once_a_second_at_most(clients, file, clock):
    file.write_text("")
    assert clients.find(KEY)
    clock.now += CHECK_EVERY_S
    assert clients.find(KEY) is None


def test_a_file_that_vanishes_lets_nobody_in_until_it_is_back(clients, file, clock):
    content = file.read_text()
    file.unlink()
    clock.now += CHECK_EVERY_S
    assert clients.find(KEY) is None
    changed(file, content, clock)
    assert clients.find(KEY)


def test_a_broken_line_costs_its_own_client_only(clients, file, clock, caplog):
    changed(file, f"ward sha256:zz\n{LINE}\n", clock)
    assert clients.find(KEY)
    assert "line 1 is no key" in caplog.text
    assert "zz" not in caplog.text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "cannot be read", id="missing"),
        pytest.param(b"", "holds none", id="empty"),
        pytest.param(b"# nobody\n", "holds none", id="remarks only"),
        pytest.param(b"pacs secret-key\n", "line 1", id="broken line"),
        pytest.param(b"\xff\xfe\x00", "line 1", id="no text"),
        pytest.param(b"#" * 1_000_001, "too large", id="too large"),
        pytest.param((LINE + "\n").encode() * 1001, "more than 1000", id="too many"),
    ],
)
def test_a_service_does_not_start_with_a_file_that_cannot_be_used(content, words, tmp_path):
    path = tmp_path / "keys.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(KeysUnusable, match=words) as caught:
        Clients(path)
    assert "secret-key" not in str(caught.value)


def test_the_command_prints_a_key_once_and_the_line_to_store(capsys):
    assert main(["pacs", "--rate", "60", "--expires", "2027-12-31"]) == 0
    key, line = (text.split(maxsplit=1)[1] for text in capsys.readouterr().out.splitlines())
    assert parse_line(line) == ApiKey("pacs", digest_of(key), 60, date(2027, 12, 31))


def test_the_command_adds_the_line_to_a_file_that_only_its_owner_can_change(tmp_path):
    path = tmp_path / "keys.txt"
    path.write_text("# no line break at the end")
    command = [sys.executable, "-m", "web.keys", "pacs", "--add-to", path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert Clients(path).find(done.stdout.strip()).client == "pacs"
    new = tmp_path / "new.txt"
    assert main(["pacs", "--add-to", str(new)]) == 0
    assert new.stat().st_mode & 0o022 == 0
    assert done.stdout.strip() not in path.read_text()


@pytest.mark.parametrize("options", [["no name"], ["x", "--rate", "many"], ["x", "--expires", "soon"]])
def test_the_command_refuses_what_the_file_could_not_hold(options, capsys):
    assert main(options) == 1
    assert "No key was made" in capsys.readouterr().err
