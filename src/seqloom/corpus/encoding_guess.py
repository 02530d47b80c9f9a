"""Guess of a file's encoding, made only where the recipe asks for it (`corpus.encoding: auto`), and shown.

Lines beyond ASCII are looked for, as a file may begin with pages of it. What is valid UTF-8 is UTF-8. Scripts are told
apart surely by charset-normalizer; code pages of Latin script are not, so the recipe's languages choose among them, and
the Western one (cp1252, the most common) is preferred where its letters are whole words.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from charset_normalizer import from_bytes

from seqloom.corpus.charset import detect_encoding
from seqloom.corpus.compression import HEAD, open_decompressed
from seqloom.errors import UserError
from seqloom.recipe.sections.corpus_section import Encoding

_SEARCHED = 1 << 23  # bytes in which lines beyond ASCII are looked for
_ENOUGH = 1 << 16  # bytes of such lines
_CODE_PAGES = [encoding for encoding in get_args(Encoding) if not encoding.startswith(("utf", "auto"))]
_BY_LANGUAGE = {
    **dict.fromkeys(("cs", "sk", "pl", "hu", "sl", "hr", "bs", "ro", "sq"), ("cp1250", "iso8859_2")),
    **dict.fromkeys(("tr", "az"), ("cp1254", "iso8859_9")),
    **dict.fromkeys(("lt", "lv", "et"), ("cp1257",)),
    "vi": ("cp1258",),
}
_WESTERN = ("cp1252", "latin_1", "iso8859_15")
_LATIN = (*_WESTERN, "cp1250", "iso8859_2", "cp1254", "iso8859_9", "cp1257", "cp1258", "mac_roman")
_INSIDE = re.compile(r"(?<=[^\W\d_])[^\w\s'’‘´`.,:;!?/()\"-](?=[^\W\d_])")
"""A sign between two letters, which a wrong code page makes of a letter."""


def encoding_of_file(path: Path, location: str, languages: Sequence[str], member: str = "") -> str:
    """Return the encoding of a file; `languages` are those of its text.

    Raises:
        UserError: the file is damaged, or no encoding fits its bytes.
    """
    return guess_encoding(*_sample(path, location, member), location, languages)


def guess_encoding(head: bytes, beyond: bytes, location: str, languages: Sequence[str]) -> str:
    """Return the encoding of a file.

    Args:
        head: Its first bytes.
        beyond: Lines of it with bytes beyond ASCII.
        location: What it is called in errors.
        languages: Tags of the languages of its text, empty where unknown.

    Raises:
        UserError: no encoding fits.
    """
    try:
        marked = detect_encoding(head, "utf-8", location, "corpus.encoding")
    except UserError:  # every other byte is 0
        return "utf-16"
    if marked != "utf-8" or _is_utf8(beyond):
        return marked
    found = [match.encoding for match in from_bytes(beyond, cp_isolation=_CODE_PAGES)]
    if not found:
        raise UserError(
            f"{location}: no encoding fits its bytes, as if it had several; save it as UTF-8, or set corpus.encoding"
        )
    if found[0] not in _LATIN:
        return found[0]
    wanted = [each for tag in languages for each in _BY_LANGUAGE.get(tag.partition("-")[0], ())]
    return next((each for each in (*wanted, *_western(beyond)) if each in found), found[0])


def _western(beyond: bytes) -> tuple[str, ...]:
    """Return the Western code pages if the bytes are words in them."""
    text = beyond.decode("cp1252", "replace")
    return () if "\ufffd" in text or _INSIDE.search(text) else _WESTERN


def _sample(path: Path, location: str, member: str) -> tuple[bytes, bytes]:
    """Return the first bytes of a file, and lines of it with bytes beyond ASCII."""
    beyond: list[bytes] = []
    size = searched = 0
    with open_decompressed(path, location, member) as stream:
        head = stream.read(HEAD)
        chunk = head
        while chunk and size < _ENOUGH and searched < _SEARCHED:
            searched += len(chunk)
            for line in chunk.splitlines(keepends=True):
                if not line.isascii() and size < _ENOUGH:
                    beyond.append(line)
                    size += len(line)
            chunk = stream.read(HEAD)
            if chunk and not chunk.endswith(b"\n"):
                chunk += stream.readline(HEAD)
    return head, b"".join(beyond)


def _is_utf8(text: bytes) -> bool:
    """Return whether most lines are valid UTF-8, as those of no other encoding are by chance; the rest are rejects."""
    lines = text.splitlines()
    valid = sum(_decodes(line) for line in lines)
    return 2 * valid >= len(lines)


def _decodes(line: bytes) -> bool:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
