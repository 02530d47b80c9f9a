"""Markdown that says what it should, whatever is in the text it shows."""

import base64
import string
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

SHOWN = 400  # characters of a text


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], numbers: Sequence[int] = ()) -> str:
    """A table; the columns whose places stand in `numbers` are set to the right."""
    rules = ["---:" if place in numbers else "---" for place in range(len(columns))]
    lines = [columns, rules, *[[_cell(value) for value in row] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def text(value: str) -> str:
    """Text of a corpus, shown as it is: neither markdown nor HTML in it does anything."""
    shown = " ".join(value.split())
    shown = shown if len(shown) <= SHOWN else shown[: SHOWN - 1] + "…"
    return "".join(f"\\{letter}" if letter in string.punctuation else letter for letter in shown)


def lines(entries: Iterable[Mapping[str, str]]) -> str:
    """Paragraphs, each a few texts below each other with their names: texts are too long for the columns of a table."""
    paragraphs = ("  \n".join(f"*{name}* {text(value)}" for name, value in entry.items()) for entry in entries)
    return "\n\n".join(paragraphs) + "\n"


def image(path: Path, what: str) -> str:
    """A picture that lies in the page itself, so that it needs no server and lasts as long as the page."""
    return f"![{what}](data:image/png;base64,{base64.b64encode(path.read_bytes()).decode()})\n"


def _cell(value: object) -> str:
    return str(value).replace("\n", " ")
