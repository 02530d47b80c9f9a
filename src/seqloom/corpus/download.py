"""What is downloaded for one piece of work is downloaded once: its plan and its corpus are of the same bytes.

A URL to a file that is whole, and is the one the recipe pins.
"""

import logging
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import pooch
import requests
from pooch.utils import unique_file_name

from seqloom.artifact.digest import digest_of_file
from seqloom.artifact.fsync import says_full
from seqloom.artifact.full_disk import full_disk_is_told
from seqloom.corpus.url_secrets import filled_in, hidden
from seqloom.errors import Unreachable, UserError, is_transient

_fetched: ContextVar[set[Path] | None] = ContextVar("fetched", default=None)


@contextmanager
def downloading_once() -> Iterator[None]:
    """While this lasts, a file of the net that was downloaded is not asked for again."""
    if _fetched.get() is not None:  # of a piece of work around this one
        yield
        return
    token = _fetched.set(set())
    try:
        yield
    finally:
        _fetched.reset(token)


def is_fresh(file: Path) -> bool:
    """Whether this piece of work has downloaded it."""
    return file in (_fetched.get() or ()) and file.is_file()


def note_fresh(file: Path) -> None:
    """It has just been downloaded."""
    fetched = _fetched.get()
    if fetched is not None:
        fetched.add(file)


_PIN = re.compile(r"sha256=([0-9a-fA-F]{64})")
_SECONDS = 30  # without a byte from the server


def download(place: str, folder: Path, field: str) -> Path:
    """Return the file at `place`, a URL with or without #sha256=…, kept in `folder`; secrets are named or masked in it.

    A pinned file is downloaded once. One that is not pinned is downloaded for each piece of work (`downloading_once`),
    for only its bytes tell whether it has changed. It takes its place by a rename, so half a download never lies there.

    Raises:
        Unreachable: the server cannot be reached, or is not well.
        UserError: the server does not give the file, or gives another one than is pinned.
    """
    url, hash_sign, fragment = place.partition("#")
    pin = _PIN.fullmatch(fragment)
    if hash_sign and not pin:
        raise UserError(f"{place}: after # comes sha256= and 64 hexadecimal digits; correct {field}")
    kept = folder / _file_name(url, field)
    if pin and kept.is_file() and digest_of_file(kept) == pin[1].lower():
        return kept
    if not pin and is_fresh(kept):
        return kept
    with full_disk_is_told(folder), _scratch(folder) as scratch:
        fresh = _fetch(url, Path(scratch), field)
        found = digest_of_file(fresh)
        if pin and found != pin[1].lower():
            raise UserError(f"{url}: its sha256 is {found}, not {pin[1].lower()}; correct #sha256= in {field}")
        fresh.replace(kept)
    note_fresh(kept)
    return kept


@contextmanager
def _scratch(folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as scratch:
        yield scratch


def _file_name(url: str, field: str) -> str:
    try:
        return str(unique_file_name(url))
    except ValueError as error:
        raise UserError(f"{url}: not a URL ({error}); correct {field}") from None


def _fetch(url: str, folder: Path, field: str) -> Path:
    address, secrets = filled_in(url, field)
    pooch.get_logger().setLevel(logging.WARNING)  # it tells of each download on stderr
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # it writes addresses with all that is in them
    try:
        downloader = pooch.HTTPDownloader(timeout=_SECONDS)
        return Path(pooch.retrieve(address, known_hash=None, fname="file", path=folder, downloader=downloader))
    except (OSError, ValueError) as error:  # what requests raises is one or the other
        if says_full(error):
            raise
        reason = hidden(_reason(error), secrets)
        raise (Unreachable if _passes(error) else UserError)(
            f"{url}: cannot be downloaded ({reason}); pin it in {field} with #sha256=… so that one download lasts, or "
            "give a local file"
        ) from None


def _passes(error: Exception) -> bool:
    """Whether the server may give the file later: a broken connection or its own fault, not a wrong address."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return is_transient(error.response.status_code)
    return isinstance(error, OSError) and not isinstance(error, ValueError)  # a malformed URL is both


def _reason(error: Exception) -> str:
    """What a network error says, without the address and the wrappings of the libraries below."""
    text = str(error).partition(" for url: ")[0]
    return text if text[:1].isdigit() else text.rpartition(": ")[2].strip(" \"')(")
