"""Detect lines of a label, a space and a text, as `corpus.format: labeled` reads them."""

from seqloom.corpus.column_preview import Column, Table

PREFIX = "__label__"  # of fastText
_LABELED = 0.95  # of the lines with text, at least
_LINES_OF_A_LABEL = 10  # on average, at least: lines of prose begin alike by chance


def labeled_texts(table: Table, asked: bool) -> Column | None:
    """Return the texts of labeled lines; None if the lines do not begin with labels.

    Unless a person `asked` for labels, only unambiguous ones are detected: numbers and few frequent words, or names
    with fastText's prefix.
    """
    lines = [line.strip().partition(" ") for line in table.lines if line.strip()]
    labels = Column("label", tuple(label for label, _, text in lines if text))
    if not labels.values or len(labels.values) < _LABELED * len(lines) or labels.is_constant or not labels.holds_labels:
        return None
    return Column("text", tuple(text for _, _, text in lines if text)) if asked or _unambiguous(labels) else None


def _unambiguous(labels: Column) -> bool:
    distinct = {*labels.values}
    if all(label.startswith(PREFIX) for label in distinct):
        return True
    return len(labels.values) >= _LINES_OF_A_LABEL * len(distinct) and all(map(_is_name, distinct))


def _is_name(label: str) -> bool:
    """Return whether a label is a number or a word, without the colon of a speaker or the dot of a list."""
    return label.lstrip("+-")[-1:].isalnum()
