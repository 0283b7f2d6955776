"""Stands in for the inference service."""

import os

from service import serve

serve("INFERENCE", int(os.environ["INFERENCE_PORT"]))
