"""Read pairs from gettext catalogs: PO, which people edit, and MO, which msgfmt compiles for programs."""

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from babel.messages.pofile import unescape

from seqloom.corpus.charset import header_charset, po_header
from seqloom.corpus.file_io import Line, head_of, open_bytes, read_lines, undecodable
from seqloom.corpus.pairs import (
    MALFORMED,
    NOT_FINISHED,
    UNDECODABLE,
    UNTRANSLATED,
    RawPair,
    RowError,
    Unreadable,
    excerpt,
)
from seqloom.corpus.sources import SourceFile
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection

_ORDERS = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}
_HEADER = 20  # bytes: the mark, the revision, how many entries, and where the two tables are
Message = tuple[int, str, list[str], list[str]]
"""Number of an entry, its context, its text (and plural), and its translations."""


def read_messages(file: SourceFile) -> Iterator[Message | Unreadable]:
    """Yield the entries of an MO file in order; the first may be the header, with an empty text.

    https://www.gnu.org/software/gettext/manual/html_node/MO-Files.html

    Raises:
        UserError: the file is no MO file, or damaged.
    """
    with open_bytes(file) as stream:
        content = stream.read()
    try:
        entries = list(_entries(content))
    except (struct.error, ValueError) as error:
        raise UserError(
            f"{file.location}: not an MO file that can be read ({error}); compile it again with msgfmt, or give the PO"
        ) from None
    header = next((translation for text, translation in entries if not text), b"")
    encoding = header_charset(header, file.location) or file.encoding
    for number, (text, translation) in enumerate(entries):
        try:
            context, _, singular = text.decode(encoding).rpartition("\x04")
            texts, translations = singular.split("\0"), translation.decode(encoding).split("\0")
        except UnicodeDecodeError as error:
            problem = (
                f"byte 0x{error.object[error.start]:02x} is not {encoding.upper()}; correct the charset in its header"
            )
            yield Unreadable(UNDECODABLE, problem, file.location, number, text.decode(encoding, "replace"))
        else:
            yield number, context, texts, translations


def _entries(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    order = _ORDERS.get(content[:4])
    if not order:
        raise ValueError("it does not begin as one")
    count, *tables = struct.unpack(f"{order}3I", content[8:_HEADER])
    if _HEADER + 8 * count > len(content):
        raise ValueError("it is cut off")
    for number in range(count):
        parts = []
        for table in tables:
            length, start = struct.unpack_from(f"{order}2I", content, table + 8 * number)
            if start + length > len(content):
                raise ValueError("it is cut off")
            parts.append(content[start : start + length])
        yield parts[0], parts[1]


_KEYWORD = re.compile(r"(msgctxt|msgid_plural|msgid|msgstr)\b")
_STATEMENT = re.compile(r'((?P<keyword>msgctxt|msgid_plural|msgid|msgstr(\[\d\])?)\s+)?(?P<text>"([^"\\]|\\.)*")')
_STRAY = "?"  # what is no part of an entry
_FOLLOWS = {
    "msgctxt": ("",),
    "msgid": ("", "msgctxt"),
    "msgid_plural": ("msgid",),
    "msgstr": ("msgid", "msgid_plural", "msgstr"),
}


@dataclass
class _Entry:
    """Parsed statements of a PO entry."""

    line: int = 0  # of its msgid
    texts: dict[str, list[str]] = field(default_factory=dict)  # by keyword, with its number
    last: str = ""  # keyword
    fuzzy: bool = False

    def add(self, number: int, text: str) -> None:
        """Parse a statement, or a continuation line of the last one.

        Raises:
            RowError: the statement is malformed or out of order.
        """
        statement = _STATEMENT.fullmatch(text)
        keyword = (statement["keyword"] or "") if statement else ""
        kind = keyword.partition("[")[0]
        follows = self.last.partition("[")[0] in _FOLLOWS[kind] if keyword else bool(self.last)
        if not statement or not follows or keyword in self.texts:
            raise RowError(
                MALFORMED,
                f"malformed PO ({excerpt(text)}); an entry is msgid and msgstr, in this order, each with its text in "
                "quotation marks",
            )
        self.line = number if keyword == "msgid" else self.line
        self.last = keyword or self.last
        self.texts.setdefault(self.last, []).append(unescape(statement["text"]))

    def joined(self, *keywords: str) -> list[str]:
        """Return the joined texts of those `keywords` that the entry has."""
        return ["".join(self.texts[keyword]) for keyword in keywords if keyword in self.texts]


def read_po(file: SourceFile, section: CorpusSection) -> Iterator[RawPair | Unreadable]:
    """Yield the entries of a PO file; untranslated and fuzzy ones are rejects.

    The header names the encoding. One entry is in memory at a time.

    Raises:
        UserError: the header contradicts the file.
    """
    charset = header_charset(po_header(head_of(file)), file.location)
    if charset:
        file = replace(file, encoding=charset, encoding_source="the charset in its header")
    for block in _blocks(file, section.obsolete):
        entry = _parsed(block, file)
        if isinstance(entry, Unreadable):
            yield entry
        elif entry:
            forms = sorted(keyword for keyword in entry.texts if keyword.startswith("msgstr"))
            texts, context = entry.joined("msgid", "msgid_plural"), "".join(entry.joined("msgctxt"))
            flaw = NOT_FINISHED if entry.fuzzy and not section.fuzzy else ""
            yield from _pairs(texts, entry.joined(*forms), context, entry.line, flaw, section)


def read_mo(file: SourceFile, section: CorpusSection) -> Iterator[RawPair | Unreadable]:
    """Yield the entries of an MO file, in order."""
    for message in read_messages(file):
        if isinstance(message, Unreadable):
            yield message
        else:
            number, context, texts, translations = message
            yield from _pairs(texts, translations, context, number, "", section)


def _blocks(file: SourceFile, obsolete: bool) -> Iterator[list[Line]]:
    """Yield the lines of each entry, with the comments before it; with `obsolete` those that are commented out, too."""
    block: list[Line] = []
    seen: set[str] = set()
    blank = False
    for number, line, problem in read_lines(file):
        text = line.strip()
        if obsolete and text[:2] == "#~" and text[:3] != "#~|":
            text = text[2:].strip()
        found = _KEYWORD.match(text)
        keyword = found[1] if found else "" if text[:1] in ("", "#", '"') else _STRAY
        stray = keyword == _STRAY and blank and "msgstr" in seen
        comment = text[:1] == "#" and (blank or "msgstr" in seen)
        if seen and (comment or stray or keyword == "msgctxt" or (keyword == "msgid" and seen != {"msgctxt"})):
            yield block
            block, seen = [], set()
        if text:
            block.append((number, text, problem))
        seen |= {keyword} - {""}
        blank = not text
    yield block


def _parsed(block: list[Line], file: SourceFile) -> _Entry | Unreadable | None:
    """Parse the lines of an entry; None for comments alone."""
    entry = _Entry()
    number, text = 0, ""
    try:
        for number, text, problem in block:
            if text[0] == "#":
                entry.fuzzy = _is_fuzzy(text) or (entry.fuzzy and text[:2] != "#~")  # one before #~ is of that
            elif problem:
                return undecodable(file, number, text, problem)
            else:
                entry.add(number, text)
        if entry.last and not entry.last.startswith("msgstr"):
            raise RowError(MALFORMED, f"malformed PO (missing msgstr for {entry.last} {excerpt(text)}); add it")
    except RowError as mistake:
        return Unreadable(mistake.reason, mistake.problem, file.location, number, text)
    return entry if entry.last else None


def _is_fuzzy(comment: str) -> bool:
    return comment.startswith("#,") and "fuzzy" in re.split(r"[,\s]+", comment[2:])


def _pairs(
    texts: Sequence[str], forms: Sequence[str], context: str, line: int, flaw: str, section: CorpusSection
) -> Iterator[RawPair]:
    """Yield the pairs of an entry: the singular with the first form, and the plural with others as the recipe says."""
    if not texts[0]:
        return  # the header
    if context and section.msgctxt:
        texts = [f"{context}|{text}" for text in texts]
    if not any(forms):
        yield RawPair(texts[0], "", line, flaw=UNTRANSLATED)
        return
    if forms[0]:
        yield RawPair(texts[0], forms[0], line, flaw=flaw)
    if len(texts) > 1 and section.plural_forms != "first":
        plurals = [form for form in forms if form]
        for form in plurals[-1:] if section.plural_forms == "ends" else plurals[1:] or plurals:
            yield RawPair(texts[1], form, line, flaw=flaw)
