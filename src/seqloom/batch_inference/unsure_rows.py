"""The rows of a batch inference that a person should look at: those whose confidence is below a bound."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq

from seqloom.batch_inference.input_table import PREDICTION
from seqloom.decoding.confidence import CONFIDENCE

UNSURE = "_unsure.csv"
ROWS, SHOWN = 100, 200  # rows that are shown, and characters of each text


def list_unsure(folder: Path, column: str, shard_rows: int, below: float) -> int:
    """Write row, confidence, text and answer of each row below the bound to a CSV file; return how many there are."""
    rows, unfinished = list(_unsure(folder, column, shard_rows, below)), folder / f".{UNSURE}"
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["row", CONFIDENCE, "text", PREDICTION])
        table.writerows(rows)
    unfinished.rename(folder / UNSURE)
    return len(rows)


def first_unsure(file: Path) -> list[dict[str, str]]:
    """Return the first rows of a list, with texts cut short, for people to see where the list is not at hand."""
    csv.field_size_limit(max(csv.field_size_limit(), file.stat().st_size))  # a text may be of any length
    with file.open(encoding="utf-8", newline="") as lines:
        return [{name: value[:SHOWN] for name, value in row.items()} for row in islice(csv.DictReader(lines), ROWS)]


def _unsure(folder: Path, column: str, shard_rows: int, below: float) -> Iterator[tuple[int, float, str, str]]:
    """Yield the rows in the order of the input; failures have no confidence and are listed elsewhere."""
    shards = {int(shard.stem.partition("-")[2]): shard for shard in folder.glob("shard-*.parquet")}
    for number, shard in sorted(shards.items()):
        table = pq.read_table(shard, columns=[column, PREDICTION, CONFIDENCE])
        for row, (text, answer, sure) in enumerate(zip(*(each.to_pylist() for each in table.columns), strict=True)):
            if sure is not None and sure < below:
                yield number * shard_rows + row + 1, sure, str(text or ""), answer
