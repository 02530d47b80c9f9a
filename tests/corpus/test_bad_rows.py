"""An unreadable row is a reject with file and line; the rows around it are read, whatever the format."""

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus.pairs import Unreadable
from seqloom.corpus.readers import read_pairs
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.errors import UserError
from seqloom.feedback.review_file import add_corrections
from seqloom.progress import unwatched
from seqloom.recipe.pair_source import source_of_pairs

from .files import corpus, encoded, pairs_in, told

ROWS = 100
GOOD: dict[str, Callable[[int], bytes]] = {
    "tsv": lambda n: b"text %d\tText %d\n" % (n, n),
    "csv": lambda n: b'"text %d","Text, %d"\n' % (n, n),
    "jsonl": lambda n: b'{"source": "text %d", "target": "Text %d"}\n' % (n, n),
    "po": lambda n: b'\nmsgid "text %d"\nmsgstr "Text %d"\n' % (n, n),
    "labeled": lambda n: b"%d text %d\n" % (n % 2, n),
    "texts": lambda n: b"text %d\n" % n,
}
HEADS = {"tsv": b"source\ttarget\n", "csv": b"source,target\n"}
BYTE = "undecodable bytes"
BAD = [
    ("tsv", b"text\tna\xefv\n", BYTE),
    ("tsv", b"a\tb\tc\n", "other number of fields"),
    ("tsv", b"a\n", "other number of fields"),
    ("csv", b'"text","na\xefv"\n', BYTE),
    ("csv", b'"text","na\xef\nv"\n', BYTE),
    ("csv", b"a,b,c\n", "other number of fields"),
    ("csv", b'"said "so" to me","b"\n', "malformed row"),
    ("csv", b'"5" nail","b"\n', "malformed row"),
    ("csv", b'"never closed,b\n', "malformed row"),
    ("csv", b'a,"never closed\n', "malformed row"),
    ("jsonl", b'{"source": "a", "target": "\xef"}\n', BYTE),
    ("jsonl", b'{"source": "a", "target": \n', "malformed row"),
    ("jsonl", b'["a", "b"]\n', "malformed row"),
    ("jsonl", b'{"source": "a"}\n', "missing key"),
    ("jsonl", b'{"source": "a", "target": ["b"]}\n', "not a text"),
    ("jsonl", b"1" * 10_000 + b"\n", "malformed row"),
    ("po", b'\nmsgid "a"\nmsgstr "\xef"\n', BYTE),
    ("po", b'\nmsgid "a\nmsgstr "b"\n', "malformed row"),
    ("po", b'\nmsgid "a"\n', "malformed row"),
    ("po", b'\nmsgid "a"\nmsgstr "b"\nmsgstr "c"\n', "malformed row"),
    ("po", b"\nhello\n", "malformed row"),
    ("labeled", b"word\n", "no label"),
    ("labeled", b"0 na\xefv\n", BYTE),
    ("texts", b"na\xefv\n", BYTE),
]


def written(kind: str, rows: list[bytes], folder: Path) -> dict[str, object]:
    (folder / f"a.{kind}").write_bytes(HEADS.get(kind, b"") + b"".join(rows))
    return {"train": [str(folder / f"a.{kind}")], "format": kind}


@pytest.mark.parametrize(("kind", "bad", "reason"), BAD)
@pytest.mark.parametrize("place", [1, 40, ROWS])
def test_one_bad_row_costs_itself_alone(kind: str, bad: bytes, reason: str, place: int, tmp_path: Path) -> None:
    good = [GOOD[kind](number) for number in range(ROWS)]
    section = corpus(**written(kind, [*good[:place], bad, *good[place:]], tmp_path))
    [files] = locate(section, tmp_path).train.rows
    rows = list(read_pairs(files, section))
    [found] = [row for row in rows if isinstance(row, Unreadable)]
    before = (HEADS.get(kind, b"") + b"".join(good[:place])).count(b"\n")
    blank = kind == "po"
    assert (found.reason, found.location) == (reason, str(tmp_path / f"a.{kind}"))
    assert before < found.line <= before + bad.count(b"\n") + blank
    assert len(rows) == ROWS + 1
    section = corpus(**written(kind, good, tmp_path))
    assert [row for row in rows if row is not found] == [
        row._replace(line=row.line + bad.count(b"\n") * (row.line > before)) for row in pairs_in(files, section)
    ]


@pytest.mark.parametrize(("kind", "bad", "reason"), BAD)
def test_too_many_end_the_run_with_a_sentence(kind: str, bad: bytes, reason: str, tmp_path: Path) -> None:
    fields = written(kind, [*([bad, GOOD[kind](0) + GOOD[kind](1) + GOOD[kind](2)] * 20)], tmp_path)
    section = corpus(**fields)
    with pytest.raises(UserError) as mistake:
        build_corpus(section, locate(section, tmp_path), tmp_path, unwatched)
    said = str(mistake.value)
    assert "rows of corpus.train cannot be read (" in said
    assert f" for {reason}, first {tmp_path}/a.{kind} line " in said
    assert "more than corpus.max_reject_share (0.05) forgives" in said
    assert "\n" not in said


@given(bad=st.lists(st.booleans(), min_size=60, max_size=200), share=st.sampled_from([0.0, 0.05, 0.3, 1.0]))
@settings(max_examples=40, deadline=None)
def test_the_share_decides(bad: list[bool], share: float, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Rows that are empty or repeated do not count, unreadable ones do, and every row is one or the other."""
    folder = tmp_path_factory.mktemp("share")
    rows = [b"x\ty\tz\n" if wrong else GOOD["tsv"](number) for number, wrong in enumerate(bad)]
    rows += [b"\ty\n", GOOD["tsv"](1000), GOOD["tsv"](1000)]
    section = corpus(**written("tsv", rows, folder), max_reject_share=share, overfit=True)
    if sum(bad) > share * len(rows):
        with pytest.raises(UserError, match=f"^{sum(bad)} of {len(rows)} rows of corpus.train cannot be read"):
            build_corpus(section, locate(section, folder), folder, unwatched)
        return
    facts = build_corpus(section, locate(section, folder), folder, unwatched)
    assert facts["unreadable"] == sum(bad)
    assert facts["read"] == facts["rows"]["train"] + sum(facts["rejected"].values()) == len(rows)


def test_rejects_have_file_line_and_what_is_wrong(tmp_path: Path) -> None:
    rows = [GOOD["tsv"](number) for number in range(200)]
    rows[7] = b"na\xefv\tx\n"
    section = corpus(**written("tsv", rows, tmp_path))
    facts = build_corpus(section, locate(section, tmp_path), tmp_path, unwatched)
    [reject] = pd.read_parquet(tmp_path / "rejects.parquet").to_dict("records")
    problem = "byte 0xef is not UTF-8; save the file as UTF-8, or set corpus.encoding"
    assert reject == {
        "reason": BYTE,
        "file": str(tmp_path / "a.tsv"),
        "line": 9,
        "source": "na?v x",
        "target": "",
        "problem": problem,
    }
    assert facts["rejects"][BYTE]["problem"] == problem


def test_a_file_that_is_lost_among_others_is_told(tmp_path: Path) -> None:
    """Below the share of all rows, but it is the wrong file."""
    (tmp_path / "a.tsv").write_bytes(HEADS["tsv"] + b"".join(map(GOOD["tsv"], range(2000))))
    (tmp_path / "b.tsv").write_bytes(HEADS["tsv"] + b"na\xefv\tx\n" * 30)
    section = corpus(train=[str(tmp_path / "*.tsv")])
    with pytest.raises(UserError, match=r"30 of 30 rows of \S*b.tsv cannot be read .* not the file that it should be"):
        build_corpus(section, locate(section, tmp_path), tmp_path, unwatched)


def test_a_file_without_a_column_is_told_however_small(tmp_path: Path) -> None:
    """As a table's header would: of a person's corrections there are few."""
    (tmp_path / "a.tsv").write_bytes(b"english\tgerman\n" + b"".join(map(GOOD["tsv"], range(2000))))
    add_corrections([("a", "b")], tmp_path / "corrections.jsonl")
    names = {"train": [str(tmp_path / "a.tsv")], "source_column": "english", "target_column": "german"}
    section = corpus(**names, sources=[{"name": "corrections", "train": [str(tmp_path / "corrections.jsonl")]}])
    with pytest.raises(
        UserError, match=r"1 of 1 rows of \S*corrections.jsonl cannot be read .* no key 'english' .* its col"
    ):
        build_corpus(section, locate(section, tmp_path), tmp_path, unwatched)
    source = yaml.safe_load(source_of_pairs("corrections", tmp_path / "corrections.jsonl", weight=3, test_share=0.3))
    section = corpus(**names, sources=[source])
    assert build_corpus(section, locate(section, tmp_path), tmp_path, unwatched)["unreadable"] == 0


@pytest.mark.parametrize("side", [0, 1])
def test_aligned_lines_stay_aligned(side: int, tmp_path: Path) -> None:
    lines = [[b"text %d\n" % number for number in range(30)] for _ in range(2)]
    lines[side][11] = b"na\xefve\n"
    for name, of_side in zip(("a.en", "a.de"), lines, strict=True):
        (tmp_path / name).write_bytes(b"".join(of_side))
    section = corpus(train=[str(tmp_path / "a.en"), str(tmp_path / "a.de")])
    rows = list(read_pairs(locate(section, tmp_path).train.rows[0], section))
    assert all(row.source == row.target for row in rows if not isinstance(row, Unreadable))
    assert [(row.line, row.location) for row in rows if isinstance(row, Unreadable)] == [
        (12, str(tmp_path / ("a.en", "a.de")[side]))
    ]


def test_running_text_loses_a_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\ntw\xef\nthree\n")
    section = corpus(train=[str(tmp_path / "a.txt")], format="running")
    rows = list(read_pairs(locate(section, tmp_path).train.rows[0], section))
    assert [row.source if not isinstance(row, Unreadable) else row.line for row in rows] == [2, "one ↵ ↵ three ↵"]


def test_a_quoted_text_of_several_lines_is_no_row_of_its_own(tmp_path: Path) -> None:
    """A malformed row of several lines: what stands in its text is not read as rows where that is not sure."""
    good = b"".join(map(GOOD["csv"], range(20)))
    torn = b'"a "quote, and\nmore, of it\nand, more\nand\nthe end","b"\n'
    section = corpus(**written("csv", [good, torn, good], tmp_path))
    rows = list(read_pairs(locate(section, tmp_path).train.rows[0], section))
    texts = [row.source for row in rows if not isinstance(row, Unreadable)]
    assert texts == [f"text {number}" for number in range(20)] * 2


@pytest.mark.parametrize(
    ("kind", "rows"),
    [
        ("tsv", "\n".join(["id\tturn", "1\ta", "1\tb", "1\tc\td", "1\te", "1\tf"])),
        ("jsonl", "\n".join(json.dumps(row) for row in [
            *({"id": 1, "turn": turn} for turn in "ab"), {"id": 1}, *({"id": 1, "turn": turn} for turn in "ef")
        ])),
    ],
)  # fmt: skip
def test_a_gap_in_a_dialogue_is_no_reply(kind: str, rows: str, tmp_path: Path) -> None:
    (tmp_path / f"a.{kind}").write_text(rows)
    section = corpus(
        train=[str(tmp_path / f"a.{kind}")], turns=3, dialogue_column="id", source_column="turn", target_column="turn"
    )
    found = list(read_pairs(locate(section, tmp_path).train.rows[0], section))
    assert len([row for row in found if isinstance(row, Unreadable)]) == 1
    assert [(row.source, row.target, row.flaw) for row in found if not isinstance(row, Unreadable)] == [
        ("a", "b", ""),
        ("", "e", "behind an unreadable turn"),
        ("e", "f", ""),
    ]


@pytest.mark.parametrize("name", [None, "", " ", "NaN", "null", float("nan")])
def test_rows_without_a_dialogue_are_none_together(name: object, tmp_path: Path) -> None:
    talk = [("q1", "a1"), ("q2", "a2"), ("q3", "a3")]
    rows = [{"id": name, "source": one, "target": other} for one, other in talk]
    rows += [{"id": 7, "source": one, "target": other} for one, other in pairwise("xyz")]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)))
    section = corpus(train=[str(tmp_path / "a.jsonl")], turns=3, dialogue_column="id")
    pairs = [(row.source, row.target) for row in pairs_in(locate(section, tmp_path).train.rows[0], section)]
    assert pairs == [*talk, ("x", "y"), ("x‖ y", "z")]


def test_what_the_recipe_says_wrongly_ends_the_run_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(encoded([("a", "b")] * 10, "csv"))
    section = corpus(train=[str(tmp_path / "a.csv")], source_column="en")
    [said] = told(locate(section, tmp_path).train.rows[0], section)
    assert "no column 'en' among source, target; correct corpus.source_column" in said
