"""Seqloom: a team's own text in, a registered encoder–decoder model out."""

__version__ = "0.1.0"
