"""Versions of the libraries that a stage's result depends on, for its cache key."""

import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version

UNICODE = "unicode"  # Python's own Unicode tables
ABSENT = "absent"


def library_versions(names: Iterable[str]) -> dict[str, str]:
    """Return the version of each distribution by name; a missing one counts as a version of its own."""
    return {name: _version(name) for name in sorted(names)}


@cache
def _version(name: str) -> str:
    if name == UNICODE:
        return unicodedata.unidata_version
    try:
        return version(name).partition("+")[0]  # builds for CPU and CUDA have the same code
    except PackageNotFoundError:
        return ABSENT
