"""The labels of a corpus, and what is wrong with them."""

from pathlib import Path

import pandas as pd

from seqloom.corpus.corpus_files import iterate_split, read_split
from seqloom.errors import UserError
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS

MOST = 1000  # labels; a corpus with more of them has texts where its labels should be
_SHOWN = 10  # labels in a sentence
_CUT = 40  # characters of a label in a sentence


def labels_of(corpus: Path) -> list[str]:
    """Return every label of the training split, in the order of the alphabet.

    Raises:
        UserError: there is only one, there are as many as there are texts, one is a special token, or held-out rows
            have others.
    """
    labels: set[str] = set()
    for frame in iterate_split(corpus, "train", ("target",)):
        labels.update(frame["target"])
        if len(labels) > MOST:
            raise UserError(
                f"the training split has over {MOST:,} different labels, such as {min(labels)!r:.{_CUT}}: these look "
                "like texts; correct corpus.target_column, or set task to translation"
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
        _refuse_unknown(read_split(corpus, split), split, labels)
    return sorted(labels)


def _refuse_unknown(rows: pd.DataFrame, split: str, labels: set[str]) -> None:
    unknown = rows[~rows["target"].isin(labels)]
    if not unknown.empty:
        first = unknown.iloc[0]
        known = ", ".join(label[:_CUT] for label in sorted(labels)[:_SHOWN]) + (", …" if len(labels) > _SHOWN else "")
        raise UserError(
            f"{first['origin']} line {first['line']}: label {first['target']!r:.{_CUT}} of the {split} split occurs in "
            f"no training row ({len(unknown):,} such rows; the labels are {known}): correct it, or add rows with it to "
            "corpus.train"
        )
