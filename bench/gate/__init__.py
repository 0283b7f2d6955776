"""What the gate of a model file refuses."""
