"""Stands in for the page."""

import sys

from service import serve

serve("UI", int(sys.argv[sys.argv.index("--server.port") + 1]))
