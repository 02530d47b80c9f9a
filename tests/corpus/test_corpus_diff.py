"""Difference of two corpora: as of sets of pairs, whatever the split and the order."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus.corpus_diff import compare_corpora
from seqloom.corpus.corpus_files import CorpusWriter
from seqloom.corpus.splits import SPLITS

from .files import keep

Rows = dict[tuple[str, str], str]  # split by pair

PAIRS = st.tuples(st.text("abü", max_size=3), st.text("abü", max_size=3))
CORPORA = st.dictionaries(PAIRS, st.sampled_from(SPLITS), max_size=12)


def write(rows: Rows, folder: Path) -> Path:
    folder.mkdir()
    with CorpusWriter(folder) as writer:
        for split in SPLITS:
            keep(writer, split, [pair for pair, of in rows.items() if of == split])
    return folder


@settings(max_examples=30, deadline=None)
@given(CORPORA, CORPORA)
def test_rows_that_came_and_went(before: Rows, after: Rows) -> None:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        change = compare_corpora(write(before, Path(folder) / "old"), write(after, Path(folder) / "new"))
    added, removed = after.keys() - before.keys(), before.keys() - after.keys()
    assert (change.before, change.added, change.removed) == (len(before), len(added), len(removed))
    assert set(change.added_examples) <= added
    assert set(change.removed_examples) <= removed
    assert len(change.added_examples) == min(5, len(added))
    either = before.keys() | after.keys()
    assert change.share == pytest.approx(len(added | removed) / max(1, len(either)))


def test_a_row_that_only_moves_is_no_change(tmp_path: Path) -> None:
    rows: Rows = {("a", "b"): "train", ("c", "d"): "test"}
    moved: Rows = {("c", "d"): "train", ("a", "b"): "validation"}
    assert compare_corpora(write(rows, tmp_path / "old"), write(moved, tmp_path / "new")).share == 0.0
