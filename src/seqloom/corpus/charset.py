"""Character encoding of a file: byte order mark, recipe field or PO header, checked against the bytes."""

import codecs
import re

from seqloom.errors import UserError

UTF = ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
_MARKS = (  # byte order marks; UTF-32 first, as its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_TWO_BYTES = ("gb", "big5", "shift", "euc", "cp9")  # beginnings of names
_CHANCE = 10  # two-byte sequences that may look like UTF-8 by chance
_NULS = 0.3  # share of zeros at the even or at the odd positions from which on a file is UTF-16
_CHARSET = re.compile(rb'charset\s*=\s*([^\s;"\\]+)', re.IGNORECASE)
_DECLARATION = re.compile(rb"""\s*<\?xml[^>]*?\sencoding\s*=\s*["']([^"'\s>]+)""")
_WIDE = re.compile(r"(utf|ucs)-?(16|32|2|4)([-_]?[bl]e)?", re.IGNORECASE)
_UNSUPPORTED_CODECS = ("idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "utf_7")


def detect_encoding(head: bytes, given: str, location: str, encoding_source: str) -> str:
    """Return the encoding of a file that begins with `head`: by its byte order mark, else as `given`.

    Raises:
        UserError: the bytes contradict `encoding_source`, the field or header that names the encoding.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    order = _order_of_utf16(head)
    if given == "utf-16":
        if b"\0" not in head:  # ends of lines would have one
            raise UserError(f"{location}: is not UTF-16, as {encoding_source} says: correct it")
        return order or "utf-16-le"
    if order:
        raise UserError(
            f"{location}: every other byte is 0, as in UTF-16 without its mark: save the file as UTF-8, or set "
            "corpus.encoding to utf-16"
        )
    found = 0 if given == "utf-8" else _characters_of_utf8(head)
    if found >= (_CHANCE if given.startswith(_TWO_BYTES) else 1):
        raise UserError(
            f"{location}: is UTF-8 ({found} characters of several bytes at its beginning), and {encoding_source} says "
            f"{given}: correct it"
        )
    return given


def header_charset(header: bytes, location: str) -> str:
    """Return the encoding that the header of a gettext catalog names, or an empty string.

    Raises:
        UserError: the encoding is unknown.
    """
    found = _CHARSET.search(header)
    name = found[1].decode("ascii", "replace") if found else ""
    if not name or name == "CHARSET" or _WIDE.fullmatch(name):  # as in a template, or known by its byte order mark
        return ""
    codec = _ascii_superset(name)
    if not codec:
        raise UserError(f"{location}: the header says charset={name[:40]}, which is no encoding known here; correct it")
    return codec


def xml_encoding(head: bytes, given: str, location: str) -> str:
    """Return the encoding of an XML file: by its byte order mark or zero bytes, its declaration, else as `given`.

    A declaration of UTF-16 in a file of single bytes, which was converted, is passed over.

    Raises:
        UserError: the encoding is unknown.
    """
    marked = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "")
    if marked or (order := _order_of_utf16(head[:64])):
        return marked or order
    found = _DECLARATION.match(head)
    name = found[1].decode("ascii", "replace") if found else ""
    if not name or _WIDE.fullmatch(name):
        return given if given not in UTF and given != "utf-16" else "utf-8"
    codec = _ascii_superset(name)
    if not codec:
        raise UserError(f"{location} line 1: the encoding {name[:40]} is not known here; save the file as UTF-8")
    return codec


def _ascii_superset(name: str) -> str:
    """Return the codec of an encoding that contains ASCII; empty if there is none, or texts are not written in it."""
    plain = bytes(range(0x20, 0x7F)).replace(b"\\", b"")
    try:
        codec = codecs.lookup(name)
        if codec.name.replace("-", "_") in _UNSUPPORTED_CODECS or plain.decode(codec.name) != plain.decode("ascii"):
            return ""
    except (LookupError, UnicodeDecodeError):
        return ""
    return codec.name


def po_header(head: bytes) -> bytes:
    """Return the first entry of a PO file with its quoted pieces joined; empty if it is no header."""
    head = head.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    entry = re.search(rb'^msgid\s+""\s*^msgstr\s+((?:"[^\n]*"\s*)+)', head, re.MULTILINE)
    before = head[: entry.start()] if entry else b""
    if not entry or re.search(rb"^msgid", before, re.MULTILINE):
        return b""
    return re.sub(rb'"\s*"', b"", entry[1])


def _order_of_utf16(head: bytes) -> str:
    """Return the byte order of UTF-16 by the positions of zero bytes; empty if there are too few of them."""
    pairs = len(head) // 2
    if not pairs:
        return ""
    even, odd = (head[start::2].count(0) / pairs for start in (0, 1))
    if max(even, odd) < _NULS or min(even, odd) > _NULS:
        return ""
    return "utf-16-le" if odd > even else "utf-16-be"


def _characters_of_utf8(head: bytes) -> int:
    """Count multi-byte characters if `head` is valid UTF-8, else 0; the last one may be cut off."""
    if head.isascii():
        return 0
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return 0
    return sum(letter > "\x7f" for letter in text)
