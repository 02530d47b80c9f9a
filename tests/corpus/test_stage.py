import json
import tempfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.artifact.digest import digest_of_folder
from seqloom.corpus import corpus_files
from seqloom.corpus.corpus_files import iterate_split, read_split
from seqloom.corpus.sources import locate
from seqloom.corpus.splits import SPLITS
from seqloom.corpus.stage import build_corpus
from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe.schema import CorpusSection

from .files import Pairs, encoded

PHRASES = Path(__file__).parents[2] / "data" / "phrases.tsv"


def built(folder: Path, **fields: object) -> dict[str, object]:
    """Build the corpus of these fields in `folder`, relative places being there."""
    section = CorpusSection.model_validate(fields)
    return build_corpus(section, locate(section, folder), folder, unwatched)


def sources_of(folder: Path) -> dict[str, set[str]]:
    return {split: set(read_split(folder, split).source) for split in SPLITS}


def write(path: Path, pairs: Pairs) -> str:
    path.write_bytes(encoded(pairs, "jsonl"))
    return str(path)


def many(count: int, word: str = "sentence") -> list[tuple[str, str]]:
    return [(f"{word} {n}", f"Satz {n}") for n in range(count)]


def test_the_corpus_of_the_project(tmp_path: Path) -> None:
    facts = built(tmp_path, train=[str(PHRASES)], source_language="en", target_language="de")
    assert facts["read"] == 600
    assert facts["rejected"] == {}
    assert len(facts["examples"]) == 3
    assert sum(facts["rows"].values()) == 600
    assert min(facts["rows"].values()) >= 15
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == facts


def test_tables_of_a_corpus(tmp_path: Path) -> None:
    test = write(tmp_path / "test.jsonl", [("a", "b"), ("a  ", "b"), ("c", "")])
    validation = write(tmp_path / "validation.jsonl", [("a", "x"), ("d", "e")])
    train = write(tmp_path / "train.jsonl", [("a", "y"), ("d", "y"), ("f\n", "g"), ("long" * 100, "h")])
    facts = built(tmp_path, train=[train], validation=[validation], test=[test], max_characters=300)
    assert facts["rows"] == {"train": 1, "validation": 1, "test": 1}
    assert facts["examples"] == [{"source": "f", "target": "g"}]
    assert facts["characters"]["train"] == {"source": 1.0, "target": 1.0}
    assert read_split(tmp_path, "train").to_dict("records") == [
        {"source": "f", "target": "g", "origin": train, "line": 3}
    ]
    rejects = pd.read_parquet(tmp_path / "rejects.parquet")
    assert list(rejects[["reason", "file", "line", "source"]].itertuples(index=False, name=None)) == [
        ("duplicate", test, 2, "a"),
        ("empty target", test, 3, "c"),
        ("also in test", validation, 1, "a"),
        ("also in test", train, 1, "a"),
        ("also in validation", train, 2, "d"),
        ("too long", train, 4, "long" * 50),
    ]


@pytest.mark.parametrize("given_split", ["validation", "test"])
def test_only_what_is_not_given_is_split_off(given_split: str, tmp_path: Path) -> None:
    given_file = write(tmp_path / "given.jsonl", many(7, "given"))
    train = write(tmp_path / "train.jsonl", many(200))
    rows = built(tmp_path, train=[train], **{given_split: [given_file]})["rows"]
    assert rows[given_split] == 7
    assert 0 < rows["validation" if given_split == "test" else "test"] < 30


@given(counts=st.tuples(st.integers(150, 300), st.integers(0, 100)))
@settings(max_examples=8, deadline=None)
def test_growing_moves_no_sentence(counts: tuple[int, int]) -> None:
    with tempfile.TemporaryDirectory() as small, tempfile.TemporaryDirectory() as large:
        for folder, count in ((Path(small), counts[0]), (Path(large), sum(counts))):
            built(folder, train=[write(folder / "a.jsonl", many(count)[::-1])], test_share=0.2, validation_share=0.2)
        before, after = sources_of(Path(small)), sources_of(Path(large))
    assert all(before[split] <= after[split] for split in SPLITS)


@given(st.lists(st.tuples(st.sampled_from("abcdefghij \n"), st.sampled_from(["", " ", "x", "y"])), max_size=60))
@settings(max_examples=25, deadline=None)
def test_splits_share_no_source_and_all_adds_up(pairs: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        test = write(folder / "test.jsonl", [("only in test", "x"), *pairs[:10]])
        train = write(folder / "train.jsonl", many(30) + pairs[10:])
        facts = built(folder, train=[train], test=[test], validation_share=0.5)
        sources = sources_of(folder)
        rejected = len(pd.read_parquet(folder / "rejects.parquet"))
    assert sum(map(len, sources.values())) == len(set.union(*sources.values()))
    assert facts["read"] == sum(facts["rows"].values()) + rejected == len(pairs) + 31
    assert sum(facts["rejected"].values()) == rejected


@pytest.mark.parametrize(
    ("count", "fields", "said"),
    [
        (
            3,
            {"test_share": 0.01},
            ["corpus.test_share: of 3 rows read from ", "a.jsonl (none", "files in corpus.test", "more text"],
        ),
        (100, {"test_share": 0.0}, ["corpus.test_share", "a share of 0.0"]),
        (100, {"validation_share": 0.0}, ["corpus.validation_share", "corpus.validation,"]),
        (100, {"test_share": 0.5, "validation_share": 0.5}, ["corpus.train: of 100 rows read", "left for train"]),
        (100, {"max_characters": 1}, ["a.jsonl (100 too long)"]),
    ],
    ids=["too small", "no test", "no validation", "no train", "all rejected"],
)
def test_a_split_without_rows(count: int, fields: dict[str, object], said: list[str], tmp_path: Path) -> None:
    with pytest.raises(UserError) as mistake:
        built(tmp_path, train=[write(tmp_path / "a.jsonl", many(count))], **fields)
    assert [part for part in said if part not in str(mistake.value)] == []


def test_a_given_split_without_rows(tmp_path: Path) -> None:
    train = write(tmp_path / "a.jsonl", many(100))
    test = write(tmp_path / "b.jsonl", [("", "x")])
    with pytest.raises(UserError, match=r"corpus.test: of 1 rows read from .*b.jsonl \(1 empty source\) none"):
        built(tmp_path, train=[train], test=[test])


@pytest.mark.parametrize(("split", "rows"), [("train", 0), ("test", 100)])
def test_a_file_of_blank_lines_is_named(split: str, rows: int, tmp_path: Path) -> None:
    (tmp_path / "blank.jsonl").write_text("\n\n", encoding="utf-8")
    files = {"train": [write(tmp_path / "a.jsonl", many(rows))], split: [str(tmp_path / "blank.jsonl")]}
    with pytest.raises(UserError, match=rf"^corpus.{split}: no row of text in .*blank.jsonl; fill it"):
        built(tmp_path, **files)


def test_same_input_same_bytes_chunk_by_chunk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_files, "CHUNK", 64)
    train = write(tmp_path / "a.jsonl", many(300) + many(100))
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        built(tmp_path / name, train=[train])
    assert digest_of_folder(tmp_path / "one") == digest_of_folder(tmp_path / "two")
    assert pd.read_parquet(tmp_path / "one" / "rejects.parquet").reason.eq("duplicate").sum() == 100


def test_progress_is_told(tmp_path: Path) -> None:
    told: list[tuple[int, int | None, str]] = []

    def progress(done: int, total: int | None, unit: str, note: str = "") -> None:
        told.append((done, total, unit))
        assert note in (train, "")

    train = write(tmp_path / "a.jsonl", many(25_000))
    section = CorpusSection(train=[train])
    build_corpus(section, locate(section, tmp_path), tmp_path, progress)
    assert told == [(10_000, None, "rows"), (20_000, None, "rows"), (25_000, 25_000, "rows")]


def test_a_split_piece_by_piece(tmp_path: Path) -> None:
    built(tmp_path, train=[str(PHRASES)])
    whole = read_split(tmp_path, "train")
    pieces = list(iterate_split(tmp_path, "train", columns=("target",), rows=100))
    assert {len(piece) for piece in pieces[:-1]} == {100}
    assert pd.concat(pieces).target.tolist() == whole.target.tolist()
    assert list(pieces[0].columns) == ["target"]
    assert list(next(iterate_split(tmp_path, "test")).columns) == ["source", "target"]
