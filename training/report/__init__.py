"""Figures as people and machines read them: on the terminal, on a page, in files."""

from training.report.terminal import show

__all__ = ["show"]
