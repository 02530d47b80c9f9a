"""A self-contained HTML page: no script, nothing fetched, light and dark, wide and narrow.

Everything that is shown goes through `text` or `attribute`, which escape it, or is markup made in this package.
"""

import base64
import hashlib
from collections.abc import Iterable, Sequence
from html import escape
from typing import NewType

Markup = NewType("Markup", str)
"""HTML that is safe to put into a page."""

_STYLE = """
:root { --paper: #fff; --ink: #1f2630; --faint: #5b6472; --grid: #e3e6ea; --soft: #f5f6f8; --blue: #2b5c8a;
  --ochre: #a8701f; --gray: #9aa1ab; --good: #1d7a4a; --bad: #b3362b; --added: #d9f0e1; --gone: #fbe0dc }
@media (prefers-color-scheme: dark) {
  :root { --paper: #14181d; --ink: #e4e7eb; --faint: #9aa4b1; --grid: #2c333c; --soft: #1c2229; --blue: #6ba6dc;
    --ochre: #dba354; --gray: #6d7682; --good: #5cc98d; --bad: #f0857a; --added: #1d4630; --gone: #552722 } }
* { box-sizing: border-box }
html { color-scheme: light dark }
body { margin: 0 auto; padding: 1.2rem 1rem 4rem; max-width: 60rem; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", "Noto Sans", "Noto Sans CJK SC", sans-serif;
  overflow-wrap: anywhere }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .2rem 0 } h2 { font-size: 1.15rem; margin: 2.4rem 0 .5rem }
h3 { font-size: 1rem; margin: 1.4rem 0 .3rem } p { margin: .5rem 0; max-width: 46rem }
.faint, figcaption { color: var(--faint); font-size: .88rem } figure { margin: .8rem 0 }
nav { margin: .8rem 0; font-size: .9rem } nav a { display: inline-block; margin: 0 .9rem .3rem 0 }
a { color: var(--blue) } code { font-size: .88em; background: var(--soft); padding: .08rem .3rem; border-radius: 3px }
.verdict { border-left: .35rem solid var(--gray); background: var(--soft); padding: .7rem 1rem; margin: 1rem 0;
  border-radius: 0 .4rem .4rem 0 }
.verdict p:first-child { font-size: 1.12rem; font-weight: 600 }
.verdict.good { border-color: var(--good) } .verdict.bad { border-color: var(--bad) }
.verdict.open { border-color: var(--ochre) }
.wide { overflow-x: auto } table { border-collapse: collapse; font-size: .92rem; min-width: 20rem }
th, td { padding: .32rem .9rem .32rem 0; border-bottom: 1px solid var(--grid); text-align: left; vertical-align: top;
  overflow-wrap: normal }
th { color: var(--faint); font-weight: 500 } .number { text-align: right; font-variant-numeric: tabular-nums;
  white-space: nowrap }
.example { border-top: 1px solid var(--grid); padding: .6rem 0 } .example p { margin: .15rem 0; max-width: none }
.key { display: inline-block; min-width: 6rem; color: var(--faint); font-size: .85rem }
ins { background: var(--added); text-decoration: underline; text-decoration-thickness: 1px }
del { background: var(--gone); text-decoration: line-through } ins, del { border-radius: 2px; padding: 0 .1rem }
svg { display: block; max-width: 100%; height: auto; color: var(--ink) } svg text { font-family: inherit }
.plot { overflow-x: auto } .plot svg { min-width: 38rem; max-width: 46rem; width: 100% }
.map { overflow-x: auto } .map svg { max-width: none }
.bar { width: 9rem; height: .8rem; vertical-align: middle }
details { margin: .5rem 0 } summary { cursor: pointer; color: var(--faint) }
@media (max-width: 30rem) { body { font-size: 15px } th, td { padding-right: .55rem } .key { display: block }
  .bar { width: 4.5rem } }
"""
SHADES = 8  # of a token that speaks for an answer or against it
_STYLE += "mark { background: none; color: inherit; padding: .1rem .2rem; border-radius: 3px }\n" + "".join(
    f".{side}{shade} {{ background: color-mix(in srgb, var(--{color}) {7 * shade}%, transparent) }}\n"
    for side, color in (("for", "blue"), ("against", "bad"))
    for shade in range(SHADES + 1)
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none'; form-action 'none'"


def text(value: object) -> Markup:
    """Return text with every character of HTML escaped."""
    return Markup(escape(str(value)))


def joined(parts: Iterable[Markup], between: str = "") -> Markup:
    """Return pieces of markup one behind the other."""
    return Markup(between.join(parts))


def tag(name: str, *content: Markup, **attributes: str) -> Markup:
    """Return an element; a trailing underscore of an attribute's name is dropped, as in `class_`."""
    shown = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{shown}>{joined(content)}</{name}>")


def paragraph(value: object, class_: str = "") -> Markup:
    """Return a paragraph of plain text."""
    return tag("p", text(value), **({"class_": class_} if class_ else {}))


def of_corpus(value: str) -> Markup:
    """Return text of a corpus: the direction of writing follows from its first letter."""
    return tag("bdi", text(value), dir="auto")


def table(columns: Sequence[object], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()) -> Markup:
    """Return a table that scrolls by itself where it is too wide; `numbers` are columns aligned to the right.

    A cell is markup, or a value to escape.
    """

    def cells(name: str, values: Sequence[object]) -> Markup:
        return tag(
            "tr",
            *(
                tag(name, cell(value), **({"class_": "number"} if number in numbers else {}))
                for number, value in enumerate(values)
            ),
        )

    head, body = tag("thead", cells("th", columns)), tag("tbody", *(cells("td", row) for row in rows))
    return tag("div", tag("table", head, body), class_="wide")


class Cell:
    """A cell of a table that is markup already."""

    def __init__(self, markup: Markup) -> None:
        self.markup = markup


def cell(value: object) -> Markup:
    """Return the markup of a cell."""
    return value.markup if isinstance(value, Cell) else text(value)


def details(summary: str, *content: Markup) -> Markup:
    """Return content that is shown on a click."""
    return tag("details", tag("summary", text(summary)), *content)


def section(title: str, *content: Markup) -> tuple[str, Markup]:
    """Return a section of a page with its title."""
    return title, tag("section", tag("h2", text(title), id=_anchor(title)), *content)


def page(title: str, head: Sequence[Markup], sections: Sequence[tuple[str, Markup]]) -> str:
    """Return the whole page: title, head, links to the sections, and the sections."""
    links = [tag("a", text(name), href=f"#{_anchor(name)}") for name, _ in sections]
    body = joined([tag("h1", of_corpus(title)), *head, tag("nav", *links), *(content for _, content in sections)], "\n")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{text(title)}</title><style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def _anchor(title: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in title.lower())
