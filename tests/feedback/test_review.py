"""Review: what is chosen from a log, and what becomes of a person's corrections."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.errors import UserError
from seqloom.feedback import review_file
from seqloom.feedback.asked_texts import read_asked
from seqloom.feedback.novelty import Novelty
from seqloom.feedback.review_file import add_corrections, read_corrections, write_review
from seqloom.feedback.review_sample import WHYS, AskedRow, ReviewRow, choose_rows
from seqloom.serving.request_log import _line

ROWS = st.lists(
    st.builds(AskedRow, st.text(max_size=5), st.just("x"), st.floats(-9, 0), st.sampled_from([0.0, 0.3, 0.7])),
    unique_by=lambda row: row.source,
    max_size=30,
)


@given(ROWS, st.integers(1, 20))
def test_rows_are_chosen_once_and_for_their_reason(rows: list[AskedRow], count: int) -> None:
    chosen = choose_rows(rows, count, seed=1)
    assert len(chosen) == min(count, len(rows))
    assert len({each.row.source for each in chosen}) == len(chosen)
    by_why = {why: [each.row for each in chosen if each.why == why] for why in WHYS}
    assert len(by_why["least sure"]) == min(len(rows), count, -(-count // 3))
    rest = [row for row in rows if row not in by_why["least sure"]]
    assert all(sure.score >= max(row.score for row in by_why["least sure"]) for sure in rest)
    left = [row for row in rest if row not in by_why["unlike training"]]
    if by_why["unlike training"]:
        assert min(row.novelty for row in by_why["unlike training"]) >= max((row.novelty for row in left), default=0)
    assert chosen == choose_rows(rows, count, seed=1)


def test_the_least_sure_are_those_of_the_least_confidence() -> None:
    rows = [AskedRow(str(number), "x", -number, 0.0, confidence=number / 10) for number in range(9)]
    chosen = choose_rows(rows, 3, seed=1)
    assert [each.row.source for each in chosen if each.why == "least sure"] == ["0"]


def test_novelty_is_the_share_of_unknown_trigrams() -> None:
    novelty = Novelty(["A small dog."])
    assert novelty.of("a SMALL, dog!") == 0
    assert novelty.of("zyzzyva") == 1
    assert novelty.of("small zzz") == pytest.approx(3 / 6)
    assert novelty.of("") == novelty.of("?!") - novelty.of("?!") == 0


def log_of(folder: Path, *rows: tuple[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    lines = [json.dumps({"source": source, "prediction": answer}) for source, answer in rows]
    (folder / "requests-2026-01-01.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_a_text_is_asked_once_with_its_last_answer(tmp_path: Path) -> None:
    assert read_asked(log_of(tmp_path, ("a", "1"), ("b", "2"), ("a", "3"))) == {"a": "3", "b": "2"}


@given(st.text(st.sampled_from("a\u2028\u2029\x85\x0b\x0c\x1c\r\n"), min_size=1))
def test_a_log_may_hold_any_text(text: str) -> None:
    with TemporaryDirectory() as folder:
        log = Path(folder) / "requests-2026-01-01.jsonl"
        line = _line((text, text, None), 1, datetime(2026, 1, 1, tzinfo=UTC), None)
        log.write_bytes(2 * line.encode())
        assert read_asked(log) == {text: text}
        pairs = [(text, text)]
        corrections = Path(folder) / "corrections.jsonl"
        assert add_corrections(pairs, corrections) == add_corrections(pairs, corrections) == 1


def test_corrections_are_added_to_corrections_alone(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("source,target\na,b\n")
    with pytest.raises(UserError, match=r"table\.csv line 1: is no correction, .* name another file"):
        add_corrections([("a", "b")], tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == "source,target\na,b\n"


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("none", None, "none: has no request log; write one with seqloom serve --log"),
        ("empty.jsonl", "", "the request log is empty"),
        (
            "odd.jsonl",
            '{"source": "a", "prediction": "b"}\n{"text": 1}',
            r"odd.jsonl line 2: is no line of a request log",
        ),
        ("odd.jsonl", "[]", r"line 1: is no line"),
        ("odd.jsonl", '{"source": null, "prediction": "b"}', r"line 1: is no line"),
        ("odd.jsonl", '{"source": "a", "prediction": 1}', r"line 1: is no line"),
        ("odd.jsonl", "a;b", r"line 1: is no line"),
    ],
)
def test_what_is_no_log_is_one_sentence(name: str, text: str | None, sentence: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=sentence):
        read_asked(tmp_path / name)


def filled(file: Path, **targets: str) -> Path:
    """The file of a review after a person wrote into it, by a spreadsheet."""
    rows = [ReviewRow("random", AskedRow(source, "wrong", -1.0, 0.5)) for source in ('one, "1"', "two\nlines", "three")]
    write_review(rows, file)
    with file.open(encoding="utf-8-sig", newline="") as read:
        table = list(csv.DictReader(read))
    for row in table:
        row["target"] = targets.get(row["source"].split(",")[0].split("\n")[0], "")
    with file.open("w", encoding="utf-8-sig", newline="") as written:
        sheet = csv.DictWriter(written, table[0].keys())
        sheet.writeheader()
        sheet.writerows(table)
    return file


ASKED = {'one, "1"': "wrong", "two\nlines": "wrong", "three": "wrong"}


def test_what_is_filled_in_becomes_a_corpus_that_grows(tmp_path: Path) -> None:
    to = tmp_path / "corrections.jsonl"
    pairs = read_corrections(filled(tmp_path / "a.csv", one="eins", two=" zwei "), ASKED)
    assert [target for _, target in pairs] == ["eins", "zwei"]
    assert add_corrections(pairs, to) == 2
    later = read_corrections(filled(tmp_path / "b.csv", one="EINS", three="drei"), ASKED)
    assert add_corrections(later, to) == 3
    rows = {row["source"]: row["target"] for row in map(json.loads, to.read_text(encoding="utf-8").splitlines())}
    assert sorted(rows.values()) == ["EINS", "drei", "zwei"]


@pytest.mark.parametrize(
    ("asked", "targets", "sentence"),
    [
        ({"three": "x"}, {"one": "eins"}, "row 1: nobody asked .* which is corrected there"),
        (ASKED, {}, "no row is corrected; write the right answer into its column target"),
    ],
)
def test_corrections_that_cannot_be_are_one_sentence(
    asked: dict[str, str], targets: dict[str, str], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=sentence):
        read_corrections(filled(tmp_path / "a.csv", **targets), asked)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("source,answer\na,b\n", "has no column target"),
        ("source,target\na,b\na,c\n", "row 2: 'a' has two different corrections"),
    ],
)
def test_files_that_are_no_review_are_one_sentence(text: str, sentence: str, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(UserError, match=sentence):
        read_corrections(tmp_path / "a.csv", {"a": "x"})


def test_corrections_are_on_the_disk_before_they_replace_older_ones(tmp_path: Path) -> None:
    add_corrections([("a", "b")], file := tmp_path / "corrections.jsonl")
    with mock.patch.object(review_file, "sync", side_effect=OSError), pytest.raises(OSError):  # noqa: PT011
        add_corrections([("a", "c")], file)
    assert file.read_text("utf-8") == '{"source": "a", "target": "b"}\n'
