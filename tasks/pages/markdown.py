"""Markdown tables, paragraphs and images; text of a corpus is escaped."""

import base64
import string
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

SHOWN = 400  # characters of a text; what is longer is cut


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()) -> str:
    """Return a table; the columns whose indices are in `numbers` are aligned to the right."""
    rules = ["---:" if column in numbers else "---" for column in range(len(columns))]
    lines = [columns, rules, *[[_cell(value) for value in row] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def text(value: str) -> str:
    """Return text of a corpus on one line, escaped so that markdown and HTML in it have no effect."""
    shown = " ".join(value.split())
    shown = shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"
    return "".join(f"\\{letter}" if letter in string.punctuation else letter for letter in shown)


def lines(entries: Iterable[Mapping[str, str]]) -> str:
    """Return a paragraph per entry, each field on a line of its own: texts are too long for the columns of a table."""
    paragraphs = ("  \n".join(f"*{name}* {text(value)}" for name, value in entry.items()) for entry in entries)
    return "\n\n".join(paragraphs) + "\n"


def image(path: Path, caption: str) -> str:
    """Return an image embedded as a data URI, so that it needs no server and lasts as long as the page."""
    return f"![{caption}](data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()})\n"


def _cell(value: object) -> str:
    return str(value).replace("\n", " ")
