from itertools import chain

import pytest

from seqloom.evaluation.test_slices import VALUES, column_slices, slices_of

SOURCES = ["a" * length for length in (1, 2, 3, 4, 5, 6, 7, 8, 8, 8)]


def test_every_row_is_in_one_slice_by_length() -> None:
    slices = slices_of(SOURCES, None)
    assert sorted(chain.from_iterable(part.rows for part in slices)) == list(range(10))
    assert 2 <= len(slices) <= 4
    for part in slices:
        lengths = [len(SOURCES[row]) for row in part.rows]
        assert part.name == f"{min(lengths)} to {max(lengths)} characters"


def test_and_in_one_by_file_where_there_are_several() -> None:
    by_length = slices_of(SOURCES, None)
    assert slices_of(SOURCES, ["one.tsv"] * 10) == by_length
    both = slices_of(SOURCES, ["a/two.tsv", "b/one.tsv"] * 5)
    assert both[: len(by_length)] == by_length
    assert [(part.name, part.rows) for part in both[len(by_length) :]] == [
        ("from two.tsv", [0, 2, 4, 6, 8]),
        ("from one.tsv", [1, 3, 5, 7, 9]),
    ]


@pytest.mark.parametrize(
    ("places", "names"),
    [
        (["en-zh/3am/test.en", "en-zh/tatoeba/test.en"], ["3am/test.en", "tatoeba/test.en"]),
        (["a/x/test.en", "b/x/test.en", "b/x/more.en"], ["a/x/test.en", "b/x/more.en", "b/x/test.en"]),
        (["test.en", "/a/test.en"], ["a/test.en", "test.en"]),
        (["c/a/test.en", "c/b/dev.en"], ["test.en", "dev.en"]),
    ],
)
def test_files_of_one_name_are_told_apart_by_their_folders(places: list[str], names: list[str]) -> None:
    rows = slices_of(SOURCES[: len(places)], places)
    assert [part.name for part in rows[-len(places) :]] == [f"from {name}" for name in names]


def test_a_column_makes_a_slice_for_each_common_value_and_one_of_the_others() -> None:
    assert [(part.name, part.rows) for part in column_slices({"product": ["b", "", "b"]})] == [
        ("product = b", [0, 2]),
        ("product = (empty)", [1]),
    ]
    values = [str(number) for number in range(VALUES + 5) for _ in range(1 + (number < VALUES))]
    slices = column_slices({"id": values})
    assert len(slices) == VALUES + 1
    assert sorted(chain.from_iterable(part.rows for part in slices)) == list(range(len(values)))
    assert (slices[-1].name, len(slices[-1].rows)) == ("id: 5 other values", 5)
