"""The sample of `make run` where the services ask for keys."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tools.sample import SampleFailed, send_sample

KEYS = {"UI_INFERENCE_KEY": "one", "UI_CHAT_KEY": "two"}


@contextmanager
def service(key):
    """A service that answers `{}` to who has the key."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200 if self.headers["Authorization"] == f"Bearer {key}" else 401)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def sample(tmp_path):
    path = tmp_path / "sample.png"
    path.write_bytes(b"any")
    return path


def test_the_sample_is_sent_with_the_keys_of_the_page(sample, monkeypatch):
    for name, key in KEYS.items():
        monkeypatch.setenv(name, key)
    with service("one") as inference, service("two") as chat:
        assert send_sample(sample, inference, chat) == ({}, {})


@pytest.mark.parametrize("missing", KEYS)
def test_a_key_that_is_missing_is_named(sample, monkeypatch, missing):
    for name, key in KEYS.items():
        monkeypatch.setenv(name, "" if name == missing else key)
    with service("one") as inference, service("two") as chat, pytest.raises(SampleFailed, match=missing):
        send_sample(sample, inference, chat)
