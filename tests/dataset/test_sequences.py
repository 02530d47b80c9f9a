import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.dataset.sequences import open_sequences, write_sequences

ID_LISTS = st.lists(st.lists(st.integers(0, 2**31 - 1), max_size=6), max_size=12)


def chunked(items: list[list[int]], cuts: list[int]) -> Iterator[list[list[int]]]:
    """`items` cut anywhere, empty chunks included."""
    places = [0, *sorted(min(cut, len(items)) for cut in cuts), len(items)]
    return (items[start:end] for start, end in itertools.pairwise(places))


@settings(max_examples=60)
@given(items=ID_LISTS, cuts=st.lists(st.integers(0, 12), max_size=4))
def test_reads_what_was_written_however_it_came(
    items: list[list[int]], cuts: list[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    stem = tmp_path_factory.mktemp("sequences") / "train.source"
    written = write_sequences(stem, chunked(items, cuts))
    for sequences in (written, open_sequences(stem)):
        assert [sequences[row].tolist() for row in range(len(sequences))] == items
        assert sequences.lengths.tolist() == [len(ids) for ids in items]


@pytest.mark.parametrize("chunks", [[], [[]], [[[]]], [[[], []], [], [[]]]])
def test_a_side_without_tokens(chunks: list[list[list[int]]], tmp_path: Path) -> None:
    sequences = write_sequences(tmp_path / "x", chunks)
    assert [ids.tolist() for ids in map(sequences.__getitem__, range(len(sequences)))] == list(itertools.chain(*chunks))


def test_written_again_nothing_of_before_is_left(tmp_path: Path) -> None:
    write_sequences(tmp_path / "x", [[[1, 2, 3], [4]]])
    again = write_sequences(tmp_path / "x", [[[5]]])
    assert [again[row].tolist() for row in range(len(again))] == [[5]]
