"""Stands in for the chat service."""

import os

from service import serve

serve("CHAT", int(os.environ["CHAT_PORT"]))
