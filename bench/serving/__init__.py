"""Serving beside ONNX Runtime and LitServe."""
