"""Measurements of explanations whose prose another server writes."""
