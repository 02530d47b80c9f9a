"""The word vectors of a model: scores on files of pairs and analogies, a map of the commonest words, and neighbors."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from seqloom.reports.html_page import Cell, Markup, details, of_corpus, paragraph, section, table, tag, text

_WIDTH, _HEIGHT, _MARGIN = 720.0, 460.0, 40.0  # of the drawing
_LETTER, _LINE = 7.2, 14.0  # room that a letter and a line take
_DOT = 3.0  # radius
_LONGEST = 16  # characters of a word on the map

Box = tuple[float, float, float, float]  # left, top, right, bottom


def word_vectors_section(scores: Mapping[str, Any]) -> Iterator[tuple[str, Markup]]:
    """Yield the section, if the evaluation looked at them."""
    found = scores.get("word_vectors")
    if not found or not (found["words"] or found["neighbors"]):
        return
    parts = [*map(paragraph, _sentences(found))]
    if found["words"]:
        parts += [
            paragraph(
                f"The {len(found['words'])} commonest words of the {found['side']}, near each other where their "
                f"vectors are; the map shows {found['variance']:.0%} of the variance."
            ),
            word_map_drawing(found["words"]),
        ]
    rows = [
        [Cell(of_corpus(_plain(word))), Cell(of_corpus(", ".join(map(_plain, nearest))))]
        for word, nearest in found["neighbors"].items()
    ]
    parts.append(details("nearest by cosine", table(["word", "nearest"], rows)))
    yield section("Word vectors", *parts)


def _sentences(found: Mapping[str, Any]) -> Iterator[str]:
    pairs, analogies = found.get("similarity"), found.get("analogies")
    if pairs:
        known = f"{pairs['known']:,} of the {pairs['pairs']:,} pairs of {pairs['file']} are words of the vocabulary"
        yield (
            f"{known}; Spearman's correlation with them is {pairs['spearman']:.3f}."
            if "spearman" in pairs
            else (f"{known}: too few to compare.")
        )
    if analogies:
        asked = f"the {analogies['questions']:,} analogies of {analogies['file']}"
        known = f"{analogies['known']:,} of {asked} are of words of the vocabulary"
        yield f"{known}; {analogies['accuracy']:.1%} of these are solved." if "accuracy" in analogies else f"{known}."


def word_map_drawing(words: Sequence[Mapping[str, Any]]) -> Markup:
    """Return a dot for each word at its place, with the word beside it where neither a dot nor a commoner one is."""
    places = [(_place(each["x"], _WIDTH), _place(each["y"], _HEIGHT)) for each in words]
    taken: list[Box] = [(x - _DOT, y - _DOT, x + _DOT, y + _DOT) for x, y in places]
    drawn = []
    for each, (x, y) in zip(words, places, strict=True):
        word = each["word"] if len(each["word"]) <= _LONGEST else each["word"][: _LONGEST - 1] + "…"
        dot = tag(
            "circle", tag("title", text(each["word"])), cx=f"{x:.1f}", cy=f"{y:.1f}", r=f"{_DOT:g}", fill="var(--blue)"
        )
        drawn.append(dot)
        box = _box(x, y, word)
        if not any(_meet(box, other) for other in taken):
            taken.append(box)
            anchor, at = ("end", x - 6) if box[0] < x - 6 else ("start", x + 6)
            drawn.append(
                tag("text", text(word), x=f"{at:.1f}", y=f"{y + 4:.1f}", font_size="13", text_anchor=anchor,
                    fill="var(--ink)")
            )  # fmt: skip
    size = {"width": f"{_WIDTH:.0f}", "height": f"{_HEIGHT:.0f}", "viewBox": f"0 0 {_WIDTH:.0f} {_HEIGHT:.0f}"}
    return tag("div", tag("svg", *drawn, role="img", aria_label="map of words", **size), class_="map")


def _place(value: float, size: float) -> float:
    return _MARGIN + (value + 1) / 2 * (size - 2 * _MARGIN)


def _box(x: float, y: float, word: str) -> Box:
    """Return the room that a word takes beside its dot: right of it, or left of it near the right edge."""
    wide = _LETTER * sum(2 if letter >= "\u2e80" else 1 for letter in word)
    left = x - 6 - wide if x + 6 + wide > _WIDTH else x + 6
    return left, y - _LINE / 2, left + wide, y + _LINE / 2


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _plain(token: str) -> str:
    return token.removeprefix("▁")
