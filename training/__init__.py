"""From folders of labelled images to a trained, evaluated and self-describing model file."""
