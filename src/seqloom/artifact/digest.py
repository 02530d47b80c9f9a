"""SHA-256 digests of files, folders, JSON values and source code."""

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import seqloom
from seqloom.artifact.syntax_tree import digest_of_source

_LIBRARY = Path(seqloom.__file__).parent


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of the bytes of `path`, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest_of_value(value: object) -> str:
    """Return the SHA-256 of a JSON value, whatever the order of its keys."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def digest_of_folder(folder: Path) -> str:
    """Return the SHA-256 of the names and contents of every file below `folder`."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return digest_of_value([(path.relative_to(folder).as_posix(), digest_of_file(path)) for path in files])


def digest_of_code(packages: Iterable[str]) -> str:
    """Return the SHA-256 of the syntax trees of these packages of seqloom, without comments and docstrings."""
    return digest_of_value([_digest_of_package(package) for package in packages])


@cache
def _digest_of_package(package: str) -> str:
    folder = _LIBRARY / package
    sources = sorted(folder.rglob("*.py"))
    return digest_of_value(
        [(path.relative_to(folder).as_posix(), digest_of_source(path.read_bytes())) for path in sources]
    )
