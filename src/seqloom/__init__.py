"""Seqloom: a team's own text in, a registered encoder–decoder model out."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import `load` and `train` of seqloom.pipeline on first access: they import the whole library."""
    if name in ("load", "train"):
        return getattr(import_module("seqloom.pipeline"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
