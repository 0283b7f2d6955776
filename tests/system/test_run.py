"""`make run`, with small made-up services in place of the rooms, and once with the real ones."""

import signal
import socket
import sys
import time
from contextlib import closing

import pytest


def test_the_sample_goes_through_both_services_unchanged_and_is_shown_with_the_addresses(begin):
    run = begin()
    run.wait_for("Ctrl-C stops everything.")
    for text in ("benign", "0.123", "usable", "0.400", "made-up summary", "Ask the doctor", "Pathologist",
                 "An image has no stage.", "A made-up paper.", "made-up disclaimer"):  # fmt: skip
        assert text in run.output
    for port, path in zip(run.ports, ("/docs", "/docs", ""), strict=True):
        assert f"http://127.0.0.1:{port}{path}" in run.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_stops_everything_and_is_no_failure(begin, number):
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("these tests run under nohup, which what they start inherits")
    run = begin()
    run.wait_for("Ctrl-C stops everything.")
    run.process.send_signal(number)
    assert run.end() == 0
    assert run.open_ports() == []
    assert "Traceback" not in run.output


def test_a_closed_terminal_does_not_stop_it_under_nohup(begin):
    run = begin(before=("nohup", sys.executable, "-m", "tools.run"))
    run.wait_for("Ctrl-C stops everything.")
    run.process.send_signal(signal.SIGHUP)
    time.sleep(1)
    assert run.process.poll() is None
    assert run.open_ports() == run.ports


def test_a_stop_signal_while_starting_stops_everything(begin):
    run = begin(CHAT="unready")
    run.wait_for("The inference service is ready.")
    run.process.send_signal(signal.SIGINT)
    assert run.end() == 0
    assert run.open_ports() == []


def test_kill_9_leaves_no_orphan(begin):
    run = begin()
    run.wait_for("Ctrl-C stops everything.")
    run.process.kill()
    assert run.open_ports(patience=20) == []


def test_a_service_that_ignores_the_polite_signal_is_killed(begin):
    run = begin(CHAT="stubborn")
    run.wait_for("Ctrl-C stops everything.")
    run.process.send_signal(signal.SIGTERM)
    assert run.end() == 0
    assert run.open_ports() == []


def test_it_stops_when_the_make_that_started_it_is_killed(begin):
    script = f"'{sys.executable}' -m tools.run --stop-with $$; true"
    run = begin(before=("sh", "-c", script))
    run.wait_for("Ctrl-C stops everything.")
    run.process.kill()
    assert run.open_ports(patience=20) == []


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_port_in_use_is_one_line_naming_port_and_variable_before_anything_starts(begin, ports, position):
    variable = ("INFERENCE_PORT", "CHAT_PORT", "UI_PORT")[position]
    with closing(socket.create_server(("127.0.0.1", ports[position]))):
        run = begin()
        assert run.end() == 1
    assert [line for line in run.output.splitlines() if line] == [run.output.strip()]
    assert f"Port {ports[position]}" in run.output
    assert f"{variable}=" in run.output


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8000.0"])
def test_a_port_that_is_no_port_is_one_line_naming_the_variable(begin, ports, port):
    ports[1] = port
    run = begin()
    assert run.end() == 1
    assert run.output.strip() == "make run: CHAT_PORT must be a port number between 1 and 65535."


def test_the_same_port_twice_is_refused(begin, ports):
    ports[1] = ports[0]
    run = begin()
    assert run.end() == 1
    assert f"Port {ports[0]} is asked for twice" in run.output


@pytest.mark.parametrize("mood", ["dies", "dies-later"])
def test_a_service_that_ends_is_reported_with_its_last_lines_and_the_others_are_stopped(begin, mood):
    run = begin(CHAT=mood)
    assert run.end() == 1
    assert "The chat service ended with code" in run.output
    assert "made-up last line" in run.output
    assert "Traceback" not in run.output
    assert run.open_ports() == []


def test_a_service_that_never_gets_ready_is_told_with_its_reason_in_bounded_time(begin, project):
    source = project / "tools" / "run.py"
    hurried = source.read_text().replace("READY_WITHIN_S = 120.0", "READY_WITHIN_S = 7.0")
    assert hurried != source.read_text()
    source.write_text(hurried)
    run = begin(CHAT="unready")
    assert run.end() == 1
    assert "Waiting for the chat service: made-up reason" in run.output
    assert "was not ready within 7 s: made-up reason" in run.output
    assert run.open_ports() == []


def test_a_missing_sample_is_told_and_everything_stopped(begin, project):
    (project / "models" / "sample.png").unlink()
    run = begin()
    assert run.end() == 1
    assert "sample.png cannot be read" in run.output
    assert run.open_ports() == []


def test_settings_in_a_file_env_reach_the_services_and_the_environment_wins_over_them(begin, project):
    (project / ".env").write_text("MOOD_CHAT=dies\nINFERENCE_PORT=none\n")
    run = begin()
    assert run.end() == 1
    assert "The chat service ended with code" in run.output


def test_proxies_of_the_environment_are_not_used_for_this_machine(begin, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    run = begin()
    run.wait_for("Ctrl-C stops everything.")


def test_make_run_starts_the_real_services_and_page_answers_the_sample_and_stops_on_ctrl_c(begin, root):
    for needed in ("models/starter.pt", ".venv/.installed"):
        if not (root / needed).is_file():
            pytest.skip(f"{needed} is not there")
    run = begin(folder=root, before=("make", "run"))
    run.wait_for("Ctrl-C stops everything.")
    run.press_ctrl_c()
    run.end()
    assert run.open_ports() == []
    assert "not a diagnosis" in run.output
    assert "Written by: knowledge-base" in run.output
    assert "Traceback" not in run.output
