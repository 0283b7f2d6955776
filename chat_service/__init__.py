"""Prediction to Explanation: what a reading means, what to do next, and whom to see."""
