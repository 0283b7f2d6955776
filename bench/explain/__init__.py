"""Explanations of the knowledge base, measured over HTTP."""
