"""A finished corpus to tables: what every later stage calls."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

REPORT_FILE = "report.json"


def keeps_whitespace(folder: Path) -> bool:
    """Whether the white space of its texts was kept."""
    file = folder / REPORT_FILE
    return file.is_file() and json.loads(file.read_text(encoding="utf-8")).get("whitespace") == "keep"


def read_split(folder: Path, split: str) -> pd.DataFrame:
    """All rows of train, validation or test, with the columns source, target, origin and line."""
    return pd.read_parquet(folder / f"{split}.parquet")


def iterate_split(
    folder: Path, split: str, columns: Sequence[str] = ("source", "target"), rows: int = 50_000
) -> Iterator[pd.DataFrame]:
    """Yield a split in order, `rows` rows at a time, so that its size does not matter."""
    with pq.ParquetFile(folder / f"{split}.parquet") as file:
        for batch in file.iter_batches(batch_size=rows, columns=list(columns)):
            yield batch.to_pandas()
