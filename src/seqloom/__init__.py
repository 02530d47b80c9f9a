"""Seqloom: a team's own text in, a registered encoder–decoder model out."""

import os
from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Before torch is loaded: a thread that waits spins for microseconds, then gives its core away. The default, to spin for
# milliseconds, makes training and answering tens of times slower beside other work; not to spin at all makes small
# models twice as slow on an idle machine (docs/notes/speed.md).
os.environ.setdefault("GOMP_SPINCOUNT", "3000")

# Likewise. oneDNN compiles a product for each new shape of bfloat16 matrices and keeps 1,024 of them, 0.6 to 0.8 MB
# each where the processor multiplies tiles; torch's wrapper keeps descriptions of as many more, which save no time.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
os.environ.setdefault("LRU_CACHE_CAPACITY", "16")


def __getattr__(name: str) -> Any:
    """Import `load` and `train` of seqloom.pipeline on first access: they import the whole library."""
    if name in ("load", "train"):
        return getattr(import_module("seqloom.pipeline"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
