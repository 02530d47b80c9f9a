"""Labels of a classification corpus, and checks on them."""

from pathlib import Path

from seqloom.corpus.corpus_files import iterate_columns
from seqloom.errors import UserError
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS

MAX_LABELS = 1000  # labels; a corpus with more of them has texts where its labels should be
_SHOWN = 10  # labels in an error message
_CUT = 40  # characters of a label in an error message


def labels_of(corpus: Path) -> list[str]:
    """Return the labels of the training split, sorted.

    Raises:
        UserError: there is only one label, there are over `MAX_LABELS`, one is a special token, or held-out rows have
            unknown ones.
    """
    labels: set[str] = set()
    for columns in iterate_columns(corpus, "train", ("target",)):
        labels.update(columns["target"])
        if len(labels) > MAX_LABELS:
            raise UserError(
                f"the training split has over {MAX_LABELS:,} different labels, such as {min(labels)!r:.{_CUT}}: these "
                "look like texts; correct corpus.target_column, or set task to translation"
            )
    if len(labels) == 1:
        raise UserError(
            f"the training split has a single label, {min(labels)!r:.{_CUT}}, and nothing to tell apart: add rows with "
            "another, or correct corpus.target_column"
        )
    for label in SPECIAL_TOKENS:
        if label in labels:
            raise UserError(f"the label {label} is a sign of Seqloom's own: call it something else")
    for split in ("validation", "test"):
        _refuse_unknown(corpus, split, labels)
    return sorted(labels)


def _refuse_unknown(corpus: Path, split: str, labels: set[str]) -> None:
    unknown = [
        dict(zip(columns, row, strict=True))
        for columns in iterate_columns(corpus, split, ("target", "origin", "line"))
        for row in zip(*columns.values(), strict=True)
        if row[0] not in labels
    ]
    if unknown:
        first = unknown[0]
        known = ", ".join(label[:_CUT] for label in sorted(labels)[:_SHOWN]) + (", …" if len(labels) > _SHOWN else "")
        raise UserError(
            f"{first['origin']} line {first['line']}: label {first['target']!r:.{_CUT}} of the {split} split occurs in "
            f"no training row ({len(unknown):,} such rows; the labels are {known}): correct it, or add rows with it to "
            "corpus.train"
        )
