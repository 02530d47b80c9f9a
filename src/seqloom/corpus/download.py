"""Download corpus files once per run, so that plan and corpus see the same bytes, and verify pinned SHA-256 digests."""

import logging
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from seqloom.artifact.digest import digest_of_file
from seqloom.artifact.full_disk import full_disk_reported, says_full
from seqloom.corpus.object_store import copy_object, is_object
from seqloom.corpus.url_secrets import fill_secrets, redact
from seqloom.errors import Unreachable, UserError, is_transient

_fetched: ContextVar[set[Path] | None] = ContextVar("fetched", default=None)


@contextmanager
def download_cache() -> Iterator[None]:
    """Download each URL at most once within this context."""
    if _fetched.get() is not None:  # within an outer context
        yield
        return
    token = _fetched.set(set())
    try:
        yield
    finally:
        _fetched.reset(token)


class _EveryFile(set[Path]):
    """Every file there is, whenever it was downloaded."""

    def __contains__(self, file: object) -> bool:
        return True


@contextmanager
def kept_downloads() -> Iterator[None]:
    """Within this context take each file as it was downloaded last, where it is still there."""
    token = _fetched.set(_EveryFile())
    try:
        yield
    finally:
        _fetched.reset(token)


def is_fresh(file: Path) -> bool:
    """Return whether `file` was downloaded within the current context."""
    fetched = _fetched.get()
    return fetched is not None and file in fetched and file.is_file()


def record_download(file: Path) -> None:
    """Record that `file` was downloaded."""
    fetched = _fetched.get()
    if fetched is not None:
        fetched.add(file)


_PIN = re.compile(r"sha256=([0-9a-fA-F]{64})")
_SECONDS = 30  # timeout without a byte from the server


def download(location: str, folder: Path, field: str) -> Path:
    """Download the file at `location`, a URL with or without #sha256=…, into `folder` and return its path.

    Secrets of the URL are named or masked in it. A pinned file is downloaded once; another one for each run
    (`download_cache`), as only its bytes show whether it has changed. The file is renamed
    into place, so no reader sees a partial download.

    Raises:
        Unreachable: the server cannot be reached, or has an error of its own.
        UserError: the server refuses the file, or its digest differs from the pinned one.
    """
    url, hash_sign, fragment = location.partition("#")
    pin = _PIN.fullmatch(fragment)
    if hash_sign and not pin:
        raise UserError(f"{location}: after # comes sha256= and 64 hexadecimal digits; correct {field}")
    kept = folder / _file_name(url, field)
    if pin and kept.is_file() and digest_of_file(kept) == pin[1].lower():
        return kept
    if not pin and is_fresh(kept):
        return kept
    with full_disk_reported(folder), _scratch(folder) as scratch:
        fresh = _fetch(url, Path(scratch), field)
        found = digest_of_file(fresh)
        if pin and found != pin[1].lower():
            raise UserError(f"{url}: its sha256 is {found}, not {pin[1].lower()}; correct #sha256= in {field}")
        fresh.replace(kept)
    record_download(kept)
    return kept


@contextmanager
def _scratch(folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".download-", dir=folder) as scratch:
        yield scratch


def _file_name(url: str, field: str) -> str:
    from pooch.utils import unique_file_name

    try:
        return str(unique_file_name(url))
    except ValueError as error:
        raise UserError(f"{url}: not a URL ({error}); correct {field}") from None


def _fetch(url: str, folder: Path, field: str) -> Path:
    import pooch  # with requests, a tenth of a second that only a download needs

    address, secrets = fill_secrets(url, field)
    if is_object(url):
        return copy_object(url, address, secrets, folder, field)
    pooch.get_logger().setLevel(logging.WARNING)  # it reports each download on stderr
    logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)  # it logs whole URLs, with secrets
    try:
        downloader = pooch.HTTPDownloader(timeout=_SECONDS)
        return Path(pooch.retrieve(address, known_hash=None, fname="file", path=folder, downloader=downloader))
    except (OSError, ValueError) as error:  # what requests raises is one or the other
        if says_full(error):
            raise
        reason = redact(_reason(error), secrets)
        raise (Unreachable if _is_temporary(error) else UserError)(
            f"{url}: cannot be downloaded ({reason}); pin it in {field} with #sha256=… so that one download lasts, or "
            "give a local file"
        ) from None


def _is_temporary(error: Exception) -> bool:
    """Return whether a retry may succeed: a broken connection or a server error, not a wrong address."""
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return is_transient(error.response.status_code)
    return isinstance(error, OSError) and not isinstance(error, ValueError)  # a malformed URL is both


def _reason(error: Exception) -> str:
    """Return the message of a network error without the URL and the names of wrapped exceptions."""
    text = str(error).partition(" for url: ")[0]
    return text if text[:1].isdigit() else text.rpartition(": ")[2].strip(" \"')(")
