"""The file that a person fills in: answers to be corrected as CSV, and the corrections read back."""

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from seqloom.artifact.fsync import sync
from seqloom.batch_inference.input_table import open_input
from seqloom.corpus.normalization import normalize
from seqloom.errors import UserError
from seqloom.feedback.review_sample import ReviewRow

COLUMNS = ("why", "source", "answer", "confidence", "score", "novelty", "target")


def write_review(rows: Sequence[ReviewRow], file: Path) -> None:
    """Write the rows with an empty column `target`; the mark at its beginning tells spreadsheets that it is UTF-8."""
    unfinished = file.with_name(f".{file.name}")
    with unfinished.open("w", encoding="utf-8-sig", newline="") as written:
        table = csv.writer(written)
        table.writerow(COLUMNS)
        for chosen in rows:
            row = chosen.row
            sure = "" if row.confidence is None else f"{row.confidence:.3f}"
            figures = [sure, f"{row.score:.4f}", f"{row.novelty:.3f}"]
            table.writerow([chosen.why, row.source, row.prediction, *figures, ""])
    unfinished.rename(file)


def read_corrections(file: Path, asked: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the pairs of source and target of the rows whose `target` was filled in.

    Raises:
        UserError: a source was never asked or has two targets, a column is missing, or none is filled in.
    """
    known = {normalize(text) for text in asked}
    corrected: dict[str, str] = {}
    table = open_input(file, "auto", "source")
    if "target" not in table.columns:
        raise UserError(f"{file}: has no column target, where corrections stand; take the file of seqloom review")
    row = 0
    for part in table.shards(1000):
        for source, target in zip(part.texts, part.table["target"].to_pylist(), strict=True):
            row += 1
            text, right = (normalize(str(side or "")) for side in (source, target))
            if not right:
                continue
            if text not in known:
                raise UserError(
                    f"{file} row {row}: nobody asked {text[:80]!r}, which is corrected there; leave its source as it "
                    "was, or give the log that it is from"
                )
            if corrected.setdefault(text, right) != right:
                raise UserError(f"{file} row {row}: {text[:80]!r} has two different corrections; keep one")
    if not corrected:
        raise UserError(f"{file}: no row is corrected; write the right answer into its column target")
    return list(corrected.items())


def add_corrections(pairs: Sequence[tuple[str, str]], file: Path) -> int:
    """Add pairs to a corpus of corrections, in place of older ones of a source; return how many there are.

    Raises:
        UserError: the file is there, and no corpus of corrections.
    """
    kept = _corrections_in(file) | dict(pairs)
    unfinished = file.with_name(f".{file.name}")
    lines = (json.dumps({"source": source, "target": target}, ensure_ascii=False) for source, target in kept.items())
    unfinished.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    sync(unfinished)  # corrections of days of work: a loss of power leaves the older ones or these
    unfinished.rename(file)
    return len(kept)


def _corrections_in(file: Path) -> dict[str, str]:
    """Return the targets by source of a corpus of corrections; none where it is not there yet."""
    lines = file.read_text(encoding="utf-8", errors="replace").split("\n") if file.is_file() else []
    found: dict[str, str] = {}
    for number, line in enumerate(lines, start=1):
        if not line:  # the end
            continue
        try:
            row = json.loads(line)
            found[row["source"]] = row["target"]
        except (ValueError, KeyError, TypeError):
            raise UserError(
                f"{file} line {number}: is no correction, an object of source and target; name another file, or "
                "correct the line"
            ) from None
    return found
