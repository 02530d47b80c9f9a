"""A column in a file reads as the array that was written."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.dataset import file_array
from seqloom.dataset.file_array import FileArray

NUMBERS = np.random.default_rng(1).integers(0, 2**31, 500, dtype=np.int32)


@pytest.fixture(scope="module")
def columns(tmp_path_factory: pytest.TempPathFactory) -> list[FileArray]:
    """The same numbers raw, behind a header, and wider."""
    folder = tmp_path_factory.mktemp("stored")
    NUMBERS.tofile(folder / "raw")
    np.save(folder / "narrow.npy", NUMBERS)
    np.save(folder / "wide.npy", NUMBERS.astype(np.int64))
    return [
        FileArray(folder / "raw", np.int32),
        *(FileArray.of_npy(folder / f"{name}.npy") for name in ("narrow", "wide")),
    ]


@settings(max_examples=60)
@given(
    places=st.lists(st.integers(0, 499), max_size=20), bounds=st.tuples(*[st.integers(-501, 501)] * 2), near=st.data()
)
def test_reads_like_the_array(
    places: list[int], bounds: tuple[int, int], near: st.DataObject, columns: list[FileArray]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_array, "NEAR", near.draw(st.sampled_from([1, 3, 100])))
        for column in columns:
            assert len(column) == 500
            gathered = column[np.array(places, dtype=np.int64)]
            assert gathered.tolist() == NUMBERS[places].tolist()
            assert column[slice(*bounds)].tolist() == NUMBERS[slice(*bounds)].tolist()
            assert [column[place] for place in (0, 7, -1)] == NUMBERS[[0, 7, -1]].tolist()


def test_a_file_cut_short_is_no_endless_wait(tmp_path: Path) -> None:
    NUMBERS.tofile(tmp_path / "raw")
    column = FileArray(tmp_path / "raw", np.int32)
    (tmp_path / "raw").write_bytes(b"")
    with pytest.raises(EOFError, match="became shorter"):
        column[3:5]


def test_of_far_places_no_more_is_read_than_is_asked_for(
    columns: list[FileArray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_array, "NEAR", 10)
    read: list[int] = []
    pread = os.pread
    monkeypatch.setattr(os, "pread", lambda file, size, at: read.append(size) or pread(file, size, at))
    assert columns[0][np.array([400, 5, 200, 15, 499])].tolist() == NUMBERS[[400, 5, 200, 15, 499]].tolist()
    assert [size // 4 for size in read] == [11, 1, 1, 1], "the near ones at once, with what lies between"
