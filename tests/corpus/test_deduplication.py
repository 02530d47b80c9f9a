"""What is kept, however the rows are divided among files, shards, parts and buckets."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus import row_spill, shard_reader, shards, shared_keys
from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.duplicate_filters import DuplicateFilters
from seqloom.corpus.readers import read_pairs
from seqloom.corpus.shards import GIVEN_FOR, plan_shards
from seqloom.corpus.sources import Sources, locate
from seqloom.corpus.splits import SPLITS
from seqloom.corpus.stage import build_corpus
from seqloom.progress import unwatched
from seqloom.recipe.schema import CorpusSection

from .plain_verdicts import PlainVerdicts, Row

WORDS = ["", "the cat sat on a mat", "the cat sat on the mat", "The cat sat on a mat!", "another cat", "a dog", "dogs"]
TEXT = st.sampled_from(WORDS)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=14)
UNIQUE = ["unique_source", "unique_target", "near_duplicates<=0.6", "boilerplate<=2"]
OTHERS = [(f"sentence {sign} of its own", f"Satz {sign}") for sign in "abcdefghijklmn"]


def files_of(folder: Path, given: dict[str, list[tuple[str, str]]], form: str) -> dict[str, list[str]]:
    """Write the pairs of each split to two aligned files, or as turns to one."""
    files = {}
    for split, pairs in given.items():
        if form == "texts":
            (folder / split).write_text("".join(f"{a} __eou__ {b} __eou__ {a} too\n" for a, b in pairs), "utf-8")
            files[split] = [str(folder / split)]
            continue
        for side in (0, 1):
            (folder / f"{split}.{side}").write_text("".join(f"{pair[side]}\n" for pair in pairs), "utf-8")
        files[split] = [str(folder / f"{split}.{side}") for side in (0, 1)]
    return files


def rows_of(section: CorpusSection, sources: Sources) -> Iterator[Row]:
    for split in GIVEN_FOR:
        for files in getattr(sources, split).rows:
            yield from ((split, pair) for pair in read_pairs(files, section))  # type: ignore[misc]


def sizes(rows: int, records: int, buckets: int) -> Any:
    """Shards and parts of so many rows, and buckets of so many records."""
    return [
        mock.patch.object(shards, "ROWS", rows),
        mock.patch.object(shard_reader, "ROWS", rows),
        mock.patch.object(row_spill, "RECORDS", records),
        mock.patch.object(row_spill, "BUCKETS", buckets),
        mock.patch.object(shared_keys, "BUCKETS", buckets),
    ]


@settings(max_examples=20, deadline=None)
@given(
    train=PAIRS,
    held=st.dictionaries(st.sampled_from(["test", "validation"]), PAIRS),
    filters=st.lists(st.sampled_from(UNIQUE), unique=True),
    form=st.sampled_from(["lines", "texts"]),
    rows=st.sampled_from([2, 7, 100]),
    records=st.sampled_from([1, 7, 1000]),
)
def test_the_verdicts_are_those_of_one_memory(
    train: list[tuple[str, str]],
    held: dict[str, list[tuple[str, str]]],
    filters: list[str],
    form: str,
    rows: int,
    records: int,
) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        given = {
            "train": OTHERS + train,
            **{split: [*pairs, (f"only in {split}", "x")] for split, pairs in held.items()},
        }
        fields: dict[str, Any] = {"turns": 2, "format": "texts"} if form == "texts" else {"filters": filters}
        section = CorpusSection(**files_of(folder, given, form), validation_share=0.3, test_share=0.3, **fields)
        sources = locate(section, folder)
        patches = sizes(rows, records, 4)
        for patch in patches:
            patch.start()
        try:
            build_corpus(section, sources, folder, unwatched)
        finally:
            for patch in patches:
                patch.stop()
        read = list(rows_of(section, sources))
        expected = PlainVerdicts(DuplicateFilters.of(section)).reasons(read)
        rejects = pd.read_parquet(folder / "rejects.parquet")
        kept = pd.concat(read_split(folder, split) for split in SPLITS)
        assert rejects["reason"].tolist() == [reason for reason in expected if reason]
        places = [(row["origin"], row["line"], row["target"]) for row in kept.to_dict("records")]
        assert sorted(places) == sorted(
            (section.model_dump()[split][0], pair.line, " ".join(pair.target.split()))
            for (split, pair), reason in zip(read, expected, strict=True)
            if not reason
        )


@pytest.mark.parametrize("ended", ["\n", ""])
@pytest.mark.parametrize("count", [0, 1, 6, 7])
def test_blocks_of_lines_are_the_whole_file(count: int, ended: str, tmp_path: Path) -> None:
    lines = [f"{number}\u2028é" for number in range(count)]
    for side in "ab":
        (tmp_path / side).write_text("\ufeff" + "\r\n".join(f"{side}{line}" for line in lines) + ended, "utf-8")
    section = CorpusSection(train=[str(tmp_path / "a"), str(tmp_path / "b")])
    sources = locate(section, tmp_path)
    whole = list(read_pairs(sources.train.rows[0], section))
    for rows in (1, 2, 3):
        with mock.patch.object(shards, "ROWS", rows):
            planned = plan_shards(section, sources)
        assert len(planned) == max(1, -(-len(whole) // rows))
        assert [pair for shard in planned for files in shard.files for pair in read_pairs(files, section)] == whole


def test_a_spill_gives_back_what_it_took(tmp_path: Path) -> None:
    spill = row_spill.Spill(tmp_path / "x", np.dtype([("key", "u8")]), 4)
    numbers = np.arange(100, dtype=np.uint64)
    for part in np.split(numbers, 5):
        spill.add(part % 4, part.astype([("key", "u8")]))
    taken = [spill.take(bucket)["key"].tolist() for bucket in range(4)]
    assert taken == [list(range(bucket, 100, 4)) for bucket in range(4)]
    assert not list(tmp_path.iterdir())
