"""The inference service: one image in, one calibrated `Prediction` out."""
