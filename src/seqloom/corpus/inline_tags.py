"""Inline tags of TMX and XLIFF: dropped from the text, or kept as numbered placeholders.

TMX 1.4 and XLIFF 1.2 hold codes of the original in bpt, ept, ph and it, or stand for them by g, x, bx and ex;
XLIFF 2 does so by pc, sc, ec and ph. A placeholder is `<1>`, `</1>` or, for one without an end, `<2/>`; the same tag
has one number on both sides.
"""

from seqloom.corpus.xml_stream import Element

_OPENING = ("bpt", "bx", "sc")
_CLOSING = ("ept", "ex", "ec")
_SINGLE = ("ph", "it", "x", "ut")
_SPANS = ("g", "pc", "hi")  # with text in them
_NO_TEXT = ("cp", "sub", "note", "sm", "em")  # a control character, a text of its own, marks of annotations
_LINE_BREAKS = ("lb", "xlf:lb", "x-br", "br")
_KINDS = ("ctype", "type", "subType")
_IDS = ("startRef", "rid", "x", "id", "i")  # attributes that identify a tag in TMX or XLIFF, the surest first


class InlineTags:
    """Converter of the two sides of one unit, which numbers the tags of both."""

    def __init__(self, kept: bool) -> None:
        self._kept = kept
        self._numbers: dict[tuple[str, str], int] = {}
        self._starts: dict[str, str] = {}  # identity of a start tag of TMX, by the number that its end has, too

    def text(self, side: Element) -> str:
        """Return the text of a side: the source first, as its order numbers the tags."""
        self._starts.clear()
        return "".join(self._pieces(side, {}))

    def _pieces(self, element: Element, counts: dict[str, int]) -> list[str]:
        found: list[str] = []
        for child in element.children:
            if isinstance(child, str):
                found.append(child)
            elif child.name in _SPANS:
                number = self._number(child, counts)
                inner = self._pieces(child, counts)
                found += [f"<{number}>", *inner, f"</{number}>"] if self._kept else inner
            elif child.name in (*_OPENING, *_CLOSING, *_SINGLE):
                found.append(self._code(child, counts))
            elif child.name not in _NO_TEXT:  # mrk and what no standard knows
                found += self._pieces(child, counts)
        return found

    def _code(self, element: Element, counts: dict[str, int]) -> str:
        if any(element.attributes.get(kind) in _LINE_BREAKS for kind in _KINDS):
            return "\n"
        if not self._kept:
            return ""
        number = self._number(element, counts)
        if element.name in _OPENING:
            return f"<{number}>"
        return f"</{number}>" if element.name in _CLOSING else f"<{number}/>"

    def _number(self, element: Element, counts: dict[str, int]) -> int:
        """Return the number of a tag: that of its id, or of its place among those of its name."""
        identity = next((element.attributes[name] for name in _IDS if name in element.attributes), "")
        if not identity:
            counts[element.name] = counts.get(element.name, 0) + 1
            identity = f"#{counts[element.name]}"
        if element.name == "bpt":
            self._starts[element.attributes.get("i", "")] = identity
        elif element.name == "ept":
            identity = self._starts.get(element.attributes.get("i", ""), identity)
        kind = "pair" if element.name in (*_OPENING, *_CLOSING) else element.name
        return self._numbers.setdefault((kind, identity), len(self._numbers) + 1)
