"""Drawings of a page as SVG: the plots of the evaluation in the page's colors, bars, and maps of tokens.

Text stays text, so that the reader's fonts show it in any script.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from seqloom.reports.html_page import SHADES, Markup, joined, tag, text

_COLORS = {
    "#2e3440": "var(--ink)",
    "#6b7280": "var(--faint)",
    "#e6e8eb": "var(--grid)",
    "#2b5c8a": "var(--blue)",
    "#d19a4e": "var(--ochre)",
    "#b9bec5": "var(--gray)",
    "#ffffff": "var(--paper)",
    "white": "var(--paper)",
}
_STYLED = re.compile(r' style="([^"]*)"')
_COLOR = re.compile("|".join(_COLORS), re.IGNORECASE)
_KEPT = re.compile(
    r"fill|stroke|opacity|(fill|stroke)-opacity|stroke-(width|dasharray|dashoffset|linecap|linejoin)|text-anchor"
)
_SIZE = re.compile(r"([\d.]+)px")
_LONGEST_NAME = 14  # characters of a token in a map


def plot(path: Path, number: int) -> Markup:
    """Return a plot that `plot_style.save` wrote, in the page's colors; `number` keeps its names from others'."""
    drawn = path.read_text(encoding="utf-8")
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r' (width|height)="[\d.]+pt"', "", drawn)
    drawn = re.sub(r'\bid="', f'id="plot{number}-', drawn)
    drawn = drawn.replace('xlink:href="#', f'xlink:href="#plot{number}-').replace("url(#", f"url(#plot{number}-")
    drawn = _COLOR.sub(lambda found: _COLORS[found[0].lower()], _STYLED.sub(_attributes, drawn))
    return tag("div", Markup(drawn), class_="plot")


def _attributes(style: "re.Match[str]") -> str:
    """Return an inline style, which the page's policy forbids, as attributes; fonts are the page's."""
    found = []
    for declaration in style[1].split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        size = _SIZE.search(value)
        if name in ("font", "font-size") and size:
            found.append(f' font-size="{size[1]}"')
            found.extend([' font-weight="600"'] * ("bold" in value or "700" in value))
        elif _KEPT.fullmatch(name):
            found.append(f' {name}="{value}"')
    return "".join(found)


def bar(share: float, color: str = "blue") -> Markup:
    """Return a horizontal bar, filled to a share of 0 to 1."""
    width = f"{100 * min(1.0, max(0.0, share)):.1f}"
    back = tag("rect", width="100", height="10", fill="var(--grid)", rx="2")
    front = tag("rect", width=width, height="10", fill=f"var(--{color})", rx="2")
    return tag("svg", back, front, class_="bar", viewBox="0 0 100 10", preserveAspectRatio="none", aria_hidden="true")


def histogram(counts: Sequence[int], labels: Sequence[str], title: str) -> Markup:
    """Return vertical bars with a label below each."""
    width, height, most = 44.0, 120.0, max(1, *counts)
    drawn = []
    for number, (count, label) in enumerate(zip(counts, labels, strict=True)):
        size, left = height * count / most, number * width
        drawn += [
            tag("rect", x=f"{left + 3}", y=f"{20 + height - size:.1f}", width=f"{width - 6}", height=f"{size:.1f}",
                fill="var(--blue)"),
            _label(left + width / 2, 16 + height - size, f"{count:,}" if count else "", "9"),
            _label(left + width / 2, height + 34, label, "9"),
        ]  # fmt: skip
    wide, high = width * max(1, len(counts)), height + 42
    shape = {"width": f"{1.3 * wide:.0f}", "viewBox": f"0 0 {wide:.0f} {high:.0f}"}
    return tag("div", tag("svg", *drawn, role="img", aria_label=title, **shape))


def token_map(columns: Sequence[str], rows: Sequence[str], weights: Sequence[Sequence[float]]) -> Markup:
    """Return a map: a row for each token of an answer, a column for each of the source, darker for a larger weight.

    Negative weights, of what speaks against an answer, have another color.
    """
    left, top = (
        12 + size * max(1, *(len(_short(name)) for name in names)) for size, names in ((8, rows), (7, columns))
    )
    cell = 26.0
    most = max((abs(weight) for row in weights for weight in row), default=0) or 1.0
    drawn = []
    for number, name in enumerate(columns):
        turn = f"rotate(-50 {left + (number + 0.6) * cell:.1f} {top - 6})"
        drawn.append(_label(left + (number + 0.6) * cell, top - 6, _short(name), "12", "start", turn))
    for number, (name, row) in enumerate(zip(rows, weights, strict=True)):
        y = top + number * cell
        drawn.append(_label(left - 8, y + 17, _short(name), "12", "end"))
        drawn += [
            tag("rect", x=f"{left + column * cell:.1f}", y=f"{y:.1f}", width=f"{cell - 1}", height=f"{cell - 1}",
                fill="var(--blue)" if weight >= 0 else "var(--bad)", fill_opacity=f"{abs(weight) / most:.3f}",
                stroke="var(--grid)", stroke_width="0.5")
            for column, weight in enumerate(row)
        ]  # fmt: skip
    width, height = left + len(columns) * cell + 70, top + len(rows) * cell + 8
    size = {"width": f"{width:.0f}", "height": f"{height:.0f}", "viewBox": f"0 0 {width:.0f} {height:.0f}"}
    return tag("div", tag("svg", *drawn, role="img", **size), class_="map")


def highlighted(tokens: Sequence[str], weights: Sequence[float]) -> Markup:
    """Return tokens in a line, each shaded by its weight: blue speaks for the answer, red against it."""
    most = max((abs(weight) for weight in weights), default=0) or 1.0
    return tag("p", *(_shaded(token, weight / most) for token, weight in zip(tokens, weights, strict=True)), dir="auto")


def _shaded(token: str, weight: float) -> Markup:
    """Return a token with one of the style's eight shades."""
    side = "for" if weight >= 0 else "against"
    return joined([tag("mark", text(token), class_=f"{side}{round(SHADES * abs(weight))}"), text(" ")])


def _label(x: float, y: float, name: str, size: str, anchor: str = "middle", turn: str = "") -> Markup:
    turned = {"transform": turn} if turn else {}
    return tag(
        "text", text(name), x=f"{x:.1f}", y=f"{y:.1f}", font_size=size, text_anchor=anchor, fill="var(--ink)", **turned
    )


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
