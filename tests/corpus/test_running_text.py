"""Running text: nothing is lost, passages keep the length limit, and splits are contiguous."""

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.normalization import normalize
from seqloom.corpus.running_text import LINE_END, join_lines, restore_lines, split_passages
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe.schema import CorpusSection

LINES = st.lists(st.text(st.sampled_from("ab 天\t"), max_size=30), max_size=12)


@given(lines=LINES, longest=st.integers(2, 40))
def test_passages_put_end_to_end_are_the_text(lines: list[str], longest: int) -> None:
    passages = [passage for passage, _ in split_passages(lines, longest)]
    whole = join_lines("".join(f"{line}\n" for line in lines))
    assert "".join(passages).replace(" ", "") == whole.replace(" ", "")  # a word that is too long is cut, too
    assert all(0 < len(passage) <= longest for passage in passages)
    assert all(passage == normalize(passage) for passage in passages)


@given(lines=LINES)
def test_lines_come_back(lines: list[str]) -> None:
    text = "".join(f"{' '.join(line.split())}\n" for line in lines)
    assert restore_lines(join_lines(text)) == text
    assert restore_lines(" ".join(passage for passage, _ in split_passages(lines, 40))).count("\n") == len(lines)


def test_passages_end_where_lines_do() -> None:
    lines = ["one two", "three", "", "a line that is far too long for a passage", "end"]
    assert list(split_passages(lines, 16)) == [
        (f"one two {LINE_END}", 1),
        (f"three {LINE_END} {LINE_END}", 2),
        ("a line that is", 4),
        ("far too long for", 4),
        (f"a passage {LINE_END}", 4),
        (f"end {LINE_END}", 5),
    ]


def test_the_sign_itself_is_taken_out_of_text() -> None:
    assert join_lines(f"a {LINE_END} b\n\nc") == f"a b {LINE_END} {LINE_END} c"


def corpus_of(folder: Path, lines: list[str], **fields: object) -> tuple[dict[str, list[str]], dict[str, object]]:
    """The targets of each split, and the facts."""
    (folder / "text.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    section = CorpusSection.model_validate(
        {"train": [str(folder / "text.txt")], "format": "running", "max_characters": 12, **fields}
    )
    (folder / "out").mkdir()
    facts = build_corpus(section, locate(section, folder), folder / "out", unwatched)
    tables = {split: pd.read_parquet(folder / "out" / f"{split}.parquet") for split in ("train", "validation", "test")}
    assert all((table["source"] == table["target"]).all() for table in tables.values())
    return {split: table["target"].tolist() for split, table in tables.items()}, facts


def test_splits_are_cut_by_place_and_nothing_is_thrown_away(tmp_path: Path) -> None:
    lines = [f"line {number % 7}" for number in range(200)]  # every line many times
    splits, facts = corpus_of(tmp_path, lines, validation_share=0.1, test_share=0.2)
    order = [*splits["train"], *splits["validation"], *splits["test"]]
    assert restore_lines(" ".join(order)) == "".join(f"{line}\n" for line in lines)
    assert [len(splits[split]) for split in splits] == [140, 20, 40]
    assert facts["rejected"] == {}


def test_splits_have_their_shares_of_what_is_written_however_much_is_blank(tmp_path: Path) -> None:
    lines = [line for number in range(50) for line in (f"line {number:02}", *[""] * 30)]
    splits, facts = corpus_of(tmp_path, lines, validation_share=0.1, test_share=0.2)
    assert facts["rejected"]
    rows = sum(map(len, splits.values()))
    assert {split: round(len(texts) / rows, 2) for split, texts in splits.items()} == pytest.approx(
        {"train": 0.7, "validation": 0.1, "test": 0.2}, abs=0.02
    )


def test_given_files_stay_whole(tmp_path: Path) -> None:
    (tmp_path / "test.txt").write_text("line 0\nline 1", encoding="utf-8")
    splits, _ = corpus_of(tmp_path, ["line 0", "line 1"] * 10, test=[str(tmp_path / "test.txt")])
    assert splits["test"] == [f"line 0 {LINE_END}", f"line 1 {LINE_END}"]
    assert (len(splits["train"]), len(splits["validation"])) == (19, 1)


def test_by_heart_every_split_is_the_text(tmp_path: Path) -> None:
    splits, _ = corpus_of(tmp_path, ["line 0", "line 1"], overfit=True)
    assert splits["train"] == splits["validation"] == splits["test"]


def test_too_little_text_is_told(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"test_share: of 2 rows read from .*txt \(none rejected\) none is left for test"
    ):
        corpus_of(tmp_path, ["line 0", "line 1"])


def test_an_empty_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="the file is empty"):
        corpus_of(tmp_path, [])


def test_two_places_are_no_running_text(tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("a\n", encoding="utf-8")
    section = CorpusSection(train=[str(tmp_path / "text.txt")] * 2, format="running")
    with pytest.raises(UserError, match="two places are aligned lines of text, and this is running"):
        locate(section, tmp_path)


def test_blank_lines_alone_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"of 1 rows read from .*txt \(1 empty source\) none is left for test"):
        corpus_of(tmp_path, ["", " ", ""])


def test_a_passage_of_blank_lines_is_no_row(tmp_path: Path) -> None:
    splits, facts = corpus_of(tmp_path, ["one", *[""] * 9, "two"], overfit=True)
    assert splits["train"] == [f"one{f' {LINE_END}' * 4}", f"two {LINE_END}"]
    assert (facts["read"], facts["rejected"]) == (3, {"empty source": 1})
