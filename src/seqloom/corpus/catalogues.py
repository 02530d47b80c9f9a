"""Gettext catalogues to pairs: PO, which people edit, and MO, which programs load."""

import io
import re
from collections.abc import Iterator

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import read_mo as parse_mo
from babel.messages.pofile import PoFileError, PoFileParser

from seqloom.corpus.opening import open_bytes, read_lines
from seqloom.corpus.pairs import RawPair
from seqloom.corpus.sources import SourceFile
from seqloom.mistake import UserMistake

_MOST_PLURALS = 6  # Arabic has six, no language more

# babel takes the quotation marks and the order for granted: it would cut a letter off either end of a text without
# marks, and give a stray msgstr to the next entry.
_STATEMENT = re.compile(r'(#~\s*)?((?P<keyword>msgctxt|msgid_plural|msgid|msgstr)(\[\d\])?\s+)?"([^"\\]|\\.)*"')
_FOLLOWS = {
    "msgctxt": ("", "msgstr"),
    "msgid": ("", "msgctxt", "msgstr"),
    "msgid_plural": ("msgid",),
    "msgstr": ("msgid", "msgid_plural", "msgstr"),
}


class _Entries(Catalog):
    """Entries of a PO file as they stand, repeated ones too.

    The header is left alone: its dates and languages are often carelessly filled in and decide nothing here.
    """

    def __init__(self) -> None:
        super().__init__()
        self.entries: list[Message] = []

    def __setitem__(self, id: object, message: Message) -> None:
        self.entries.append(message)

    @property
    def num_plurals(self) -> int:
        return _MOST_PLURALS


def read_po(file: SourceFile) -> Iterator[RawPair]:
    """Yield the translated entries of a PO file, without those that are fuzzy or obsolete."""
    catalogue = _Entries()
    parser = PoFileParser(catalogue, ignore_obsolete=True, abort_invalid=True)
    try:
        parser.parse(_checked_lines(file))
    except PoFileError as error:
        raise UserMistake(
            f"{file.place} line {error.lineno + 1}: malformed PO ({error}); correct the entry (msgfmt --check helps)"
        ) from None
    for message in catalogue.entries:
        if not message.fuzzy:
            yield from _pairs(message, message.lineno or 0)


def read_mo(file: SourceFile) -> Iterator[RawPair]:
    """Yield the entries of an MO file, in its order."""
    with open_bytes(file) as stream:
        content = stream.read()
    try:
        messages = list(parse_mo(io.BytesIO(content)))
    except Exception as error:  # babel checks little, and stumbles in many ways over bytes that are no MO file
        raise UserMistake(
            f"{file.place}: not an MO file that can be read ({error}); compile it again with msgfmt, or give the PO"
        ) from None
    for number, message in enumerate(messages):
        yield from _pairs(message, number)


def _checked_lines(file: SourceFile) -> Iterator[str]:
    """Lines of a PO file, once it is sure that each is a comment or a statement in its place."""
    previous = ""
    for number, line in enumerate(read_lines(file), start=1):
        text = line.strip()
        if text and not (text[0] == "#" and text[:2] != "#~"):
            statement = _STATEMENT.fullmatch(text)
            if not statement and text[0] == "#":
                yield "\n"  # a remark on an obsolete entry, which babel does not know
                continue
            keyword = statement["keyword"] if statement else None
            if not statement or (keyword and previous not in _FOLLOWS[keyword]):
                raise UserMistake(
                    f"{file.place} line {number}: malformed PO ({text[:40]}); an entry is msgid and msgstr, in this "
                    "order, each with its text in quotation marks"
                )
            previous = keyword or previous
        yield line


def _pairs(message: Message, line: int) -> Iterator[RawPair]:
    """The translated texts of an entry: one, or the singular with the first form and the plural with the last."""
    if not message.id:
        return  # the header
    if isinstance(message.id, str):
        if message.string:
            yield RawPair(message.id, str(message.string), line)
        return
    singular, plural = message.id[0], message.id[-1]
    forms = list(message.string or ())
    if forms and forms[0]:
        yield RawPair(singular, forms[0], line)
    if any(forms):
        yield RawPair(plural, [form for form in forms if form][-1], line)
