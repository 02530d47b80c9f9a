"""Stream the elements of an XML file that are records (TMX, XLIFF), one at a time and each with its line.

Nothing that a file declares is expanded or fetched: a document type may be named, entities may not be declared.
"""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from seqloom.corpus.charset import xml_encoding
from seqloom.corpus.compression import HEAD
from seqloom.corpus.file_io import head_of, open_bytes
from seqloom.corpus.pairs import MALFORMED, UNDECODABLE
from seqloom.corpus.sources import SourceFile
from seqloom.errors import UserError

UNDECODED, CONTROL = "\ufdd0", "\ufdd1"
"""Noncharacters that stand for bytes of another encoding, and for characters that XML does not allow."""
_DEPTH = 100  # elements within a record, one in the other, at most
_MARK = "seqloom-mark"  # name of the error handler
_NOT_XML = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|&#(?:([0-9]{1,9})|x([0-9A-Fa-f]{1,8}));")
_REFERENCE = 16  # characters of a reference such as &#x1F; at most

codecs.register_error(_MARK, lambda error: (UNDECODED, error.end if isinstance(error, UnicodeDecodeError) else 0))


@dataclass
class Element:
    """An element with its children; names are without prefixes of namespaces."""

    name: str
    attributes: dict[str, str]
    line: int
    children: list["Element | str"] = field(default_factory=list)

    def elements(self, *names: str) -> list["Element"]:
        """Return the children with one of these names."""
        return [child for child in self.children if isinstance(child, Element) and child.name in names]

    def first(self, name: str) -> "Element | None":
        """Return the first child with that name."""
        return next(iter(self.elements(name)), None)


def stream_elements(file: SourceFile, root: str, records: tuple[str, ...], heads: tuple[str, ...]) -> Iterator[Element]:
    """Yield each element of the names `records` as a whole, and of `heads` the attributes alone, in order.

    Args:
        file: The XML file; one record is in memory at a time.
        root: Name of its outermost element.
        records: Names of the elements that are rows.
        heads: Names of elements around them.

    Raises:
        UserError: the file is not well-formed, of another root, or declares entities.
    """
    builder = _Builder(file.location, root, records, heads)
    for text in _texts(file):
        builder.feed(text)
        yield from builder.taken()
    builder.feed("", final=True)
    yield from builder.taken()


def unusable(text: str) -> tuple[str, str] | None:
    """Return reason and problem of a text with characters that could not be read; None if it is whole."""
    if UNDECODED in text:
        return UNDECODABLE, "bytes of another encoding than the file's; correct the row, or the encoding in line 1"
    if CONTROL in text:
        return MALFORMED, "a control character that XML does not allow; remove it"
    return None


def _texts(file: SourceFile) -> Iterator[str]:
    """Yield the decoded file in pieces, without what XML does not allow; no piece ends within a reference."""
    head = head_of(file)
    encoding = xml_encoding(head, file.encoding, file.location)
    decoder = codecs.getincrementaldecoder(encoding)(_MARK)
    rest = ""
    with open_bytes(file) as stream:
        while chunk := stream.read(HEAD):
            text = rest + decoder.decode(chunk)
            cut = text.rfind("&", max(0, len(text) - _REFERENCE))
            text, rest = (text, "") if cut < 0 or ";" in text[cut:] else (text[:cut], text[cut:])
            yield _NOT_XML.sub(_allowed, text)
    yield _NOT_XML.sub(_allowed, rest + decoder.decode(b"", final=True))


def _allowed(found: re.Match[str]) -> str:
    """Return a reference as it is if XML allows its character."""
    decimal, hexadecimal = found.groups()
    code = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else 0
    surrogate, end = 0xD800 <= code < 0xE000, code in (0xFFFE, 0xFFFF)
    good = code in (9, 10, 13) or (32 <= code <= 0x10FFFF and not surrogate and not end)
    return found[0] if good else CONTROL


class _Builder:
    """Handlers of expat that build the records."""

    def __init__(self, location: str, root: str, records: tuple[str, ...], heads: tuple[str, ...]) -> None:
        self._location, self._root, self._records, self._heads = location, root, records, heads
        self._open: list[Element] = []  # from the record inwards
        self._ready: list[Element] = []
        self._rooted = False
        self._parser = expat.ParserCreate("utf-8")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._characters
        self._parser.EntityDeclHandler = self._refuse_entity
        self._parser.SkippedEntityHandler = self._skipped

    def feed(self, text: str, final: bool = False) -> None:
        """Parse the next piece.

        Raises:
            UserError: it is not well-formed.
        """
        try:
            self._parser.Parse(text.encode("utf-8", "replace"), final)
        except expat.ExpatError as error:
            problem = expat.errors.messages[error.code]
            remedy = "export or copy it again" if final else "correct the line, or export the file again"
            raise self._error(f"not well-formed XML ({problem}); {remedy}", error.lineno) from None

    def taken(self) -> list[Element]:
        """Return the records that are complete, once."""
        ready, self._ready = self._ready, []
        return ready

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if not self._rooted and name.lower() != self._root:
            raise self._error(f"begins with <{name[:40]}> and not with <{self._root}>; correct corpus.format")
        self._rooted = True
        if name in self._heads and not self._open:
            self._ready.append(Element(name, attributes, self._parser.CurrentLineNumber))
        if not self._open and name not in self._records:
            return
        if len(self._open) == _DEPTH:
            raise self._error(f"more than {_DEPTH} elements one in the other; export the file again")
        element = Element(name, attributes, self._parser.CurrentLineNumber)
        if self._open:
            self._open[-1].children.append(element)
        self._open.append(element)

    def _end(self, _: str) -> None:
        if self._open:
            element = self._open.pop()
            if not self._open:
                self._ready.append(element)

    def _characters(self, text: str) -> None:
        if self._open:
            self._open[-1].children.append(text)

    def _refuse_entity(self, name: str, *_: object) -> None:
        raise self._error(f"declares the entity {name[:40]!r}, which could read files or fill the memory; remove it")

    def _skipped(self, name: str, _: bool) -> None:
        raise self._error(f"uses the entity {name[:40]!r}, which nothing declares; write the character itself")

    def _error(self, problem: str, line: int | None = None) -> UserError:
        return UserError(f"{self._location} line {line or self._parser.CurrentLineNumber}: {problem}")
