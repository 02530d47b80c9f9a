"""SHA-256 digests of files, folders, JSON values and source code."""

import hashlib
import json
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import seqloom
from seqloom.artifact import syntax_tree
from seqloom.artifact.code_digests import kept_digest

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
    sources = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}
    bytes_alone = [(name, hashlib.sha256(source).hexdigest()) for name, source in sources.items()]
    content = digest_of_value([sys.version, digest_of_file(Path(syntax_tree.__file__)), bytes_alone])
    return kept_digest(package, content, lambda: _digest_of_trees(sources))


def _digest_of_trees(sources: Mapping[str, bytes]) -> str:
    return digest_of_value([(name, syntax_tree.digest_of_source(source)) for name, source in sources.items()])
