"""Runs a module that stops by itself once whoever started it is gone, even after a kill -9.

The starter holds the other end of this process's standard input; the kernel closes it when the starter dies.
"""

import os
import runpy
import signal
import sys
import threading
import time

PATIENCE_S = 10.0
"""How long the module may take to finish before it is cut off."""


def stop_with_starter() -> None:
    """Wait until standard input ends, then stop this process: politely first, then for good."""
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_S)
    os._exit(1)


if __name__ == "__main__":
    del sys.argv[0]
    threading.Thread(target=stop_with_starter, daemon=True).start()
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
