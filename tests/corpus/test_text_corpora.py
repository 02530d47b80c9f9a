"""Corpora of texts that are their own targets, and corpus.overfit."""

from pathlib import Path

import pytest

from seqloom.corpus.corpus_diff import compare_corpora
from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.sources import locate
from seqloom.corpus.splits import SPLITS
from seqloom.corpus.stage import build_corpus
from seqloom.errors import UserError
from seqloom.progress import unwatched

from .files import corpus


def built(folder: Path, name: str, content: bytes, **fields: object) -> Path:
    file, place = folder / f"{name}.txt", folder / name
    file.write_bytes(content)
    section = corpus(**{"train": [str(file)], "format": "texts", **fields})
    place.mkdir()
    build_corpus(section, locate(section, folder), place, unwatched)
    return place


def test_each_line_is_its_own_target(tmp_path: Path) -> None:
    lines = [f"text {number}" for number in range(200)]
    place = built(tmp_path, "a", ("\r\n".join(lines) + "\n\n \n").encode())
    tables = [read_split(place, split) for split in SPLITS]
    assert all((table["source"] == table["target"]).all() for table in tables)
    assert sorted(text for table in tables for text in table["source"]) == sorted(lines)


def test_by_heart_every_split_is_the_whole_text(tmp_path: Path) -> None:
    place = built(tmp_path, "a", b"one two\nthree\none two\n", overfit=True)
    for split in SPLITS:
        assert read_split(place, split)["source"].tolist() == ["one two", "three"]


def test_a_text_in_every_split_came_and_went_once(tmp_path: Path) -> None:
    before = built(tmp_path, "a", b"one\ntwo\nthree\n", overfit=True)
    after = built(tmp_path, "b", b"one\ntwo\nfour\n", overfit=True)
    change = compare_corpora(before, after)
    assert (change.before, change.added, change.removed) == (3, 1, 1)
    assert (change.added_examples, change.removed_examples) == ([("four", "four")], [("three", "three")])
    assert compare_corpora(before, before).share == 0


def test_two_places_are_no_texts(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a\n")
    section = corpus(train=[str(tmp_path / "a")] * 2, format="texts")
    with pytest.raises(UserError, match="two places are aligned lines of text, and this is texts"):
        locate(section, tmp_path)
