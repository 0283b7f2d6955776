"""A made-up service: ready at once, with one answer; MOOD_NAME makes it misbehave."""

import json
import os
import pathlib
import signal
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HERE = pathlib.Path(__file__).parent


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        broken = self.server.mood == "unready"
        self.answer(503, b'{"detail": "made-up reason"}') if broken else self.answer(200, b'{"status": "ok"}')

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        prediction = (HERE / "prediction.json").read_bytes()
        if self.path == "/predict":
            whole = (HERE / "models" / "sample.png").read_bytes() in body and b'name="file"' in body
            self.answer(200, prediction) if whole else self.answer(422, b"{}")
        elif json.loads(body) == {"prediction": json.loads(prediction)}:
            self.answer(200, (HERE / "explanation.json").read_bytes())
        else:
            self.answer(422, b"{}")

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def end():
    os.write(2, b"made-up last line\n")
    os._exit(3)


def serve(name, port):
    mood = os.environ.get("MOOD_" + name)
    if mood == "dies":
        sys.exit("made-up last line")
    if mood == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if mood == "dies-later":
        threading.Timer(2, end).start()
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.mood = mood
    server.serve_forever()
