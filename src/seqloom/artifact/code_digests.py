"""Digests of packages' code, kept in the home folder: to parse a package takes much longer than to read it."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from seqloom.artifact.home_folder import home_folder

FILE = "code_digests.json"


def kept_digest(package: str, content: str, compute: Callable[[], str]) -> str:
    """Return the digest that is kept for this content of a package; else compute it, and keep it where a home is."""
    file = home_folder() / FILE
    kept = _read(file)
    if kept.get(package, [""])[0] == content:
        return kept[package][1]
    digest = compute()
    if file.parent.is_dir():
        _write(file, {**kept, package: [content, digest]})
    return digest


def _read(file: Path) -> dict[str, list[str]]:
    """Return content and digest by package; of a file that is not there or not whole, nothing."""
    with suppress(OSError, ValueError):
        kept = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(kept, dict) and all(isinstance(each, list) and len(each) == 2 for each in kept.values()):
            return kept
    return {}


def _write(file: Path, kept: dict[str, list[str]]) -> None:
    """Replace the file as a whole; where nothing can be written, the next command parses again."""
    with suppress(OSError):
        with NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, prefix=f".{FILE}-", delete=False) as new:
            json.dump(kept, new)
        Path(new.name).replace(file)
