"""The folder of public corpora that the benchmark reads: the environment variable SEQLOOM_CORPORA names it."""

import os
import sys
from pathlib import Path
from typing import NoReturn

VARIABLE = "SEQLOOM_CORPORA"
MULTI30K = tuple(f"multi30k/{split}.{language}" for split in ("train", "val") for language in ("en", "de"))


def corpora(*needed: str) -> Path:
    """Return the folder, which holds the files that are needed; without one of them exit with 2 and one sentence."""
    named = os.environ.get(VARIABLE, "")
    if needed and not named:
        _leave(f"this reads {needed[0]}: set {VARIABLE} to the folder that it lies in")
    folder = Path(named).expanduser().resolve()
    missing = [name for name in needed if not (folder / name).is_file()]
    if missing:
        _leave(f"no {missing[0]} in {folder}, the folder that {VARIABLE} names")
    return folder


def multi30k() -> Path:
    """Return the folder of Multi30k."""
    return corpora(*MULTI30K) / "multi30k"


def _leave(sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    raise SystemExit(2)
