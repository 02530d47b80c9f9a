"""Dialogues in every format, and that no two splits share one."""

import json
import tempfile
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.dialogue_context import TURN
from seqloom.corpus.dialogues import _letters
from seqloom.corpus.readers import read_pairs
from seqloom.corpus.sources import locate
from seqloom.corpus.splits import SPLITS
from seqloom.corpus.stage import build_corpus
from seqloom.progress import unwatched

from .files import corpus, told

TALK = ["Hi.", "Hello, who is it?", "Ann.", "Come in."]
ROWS = [("Hi.", TALK[1]), (f"Hi.{TURN} {TALK[1]}", "Ann."), (f"{TALK[1]}{TURN} Ann.", "Come in.")]  # two turns before
OTHER = ["So?", "No."]
MESSAGES = [{"role": "system", "content": "Be kind."}, *({"role": "user", "content": turn} for turn in TALK)]


def lines(dialogues: list[list[str]]) -> str:
    return "".join("".join(f"{turn} __eou__ " for turn in dialogue) + "\n" for dialogue in dialogues)


def table(header: str, rows: list[list[str]]) -> str:
    return "\n".join(["\t".join(row) for row in [header.split(), *rows]]) + "\n"


def read(folder: Path, name: str, content: str, **fields: object) -> list[tuple[str, str, str]]:
    """Source, target and flaw of each pair."""
    (folder / name).write_text(content, encoding="utf-8")
    section = corpus(**{"train": [str(folder / name)], "turns": 2, **fields})
    [files] = locate(section, folder).train.rows
    return [(pair.source, pair.target, pair.flaw) for pair in read_pairs(files, section)]


ONE_EACH = {"dialogue_column": "id", "source_column": "turn", "target_column": "turn"}
NEXT = {"dialogue_column": "id", "source_column": "turn", "target_column": "next"}


@pytest.mark.parametrize(
    ("name", "content", "fields"),
    [
        ("a.txt", lines([TALK, OTHER]), {"format": "texts"}),
        ("a.txt", "Hi.|Hello, who is it?|Ann.|Come in.\nSo?|No.", {"format": "texts", "turn_separator": "|"}),
        ("a.tsv", table("id turn", [*(["1", turn] for turn in TALK), *(["2", turn] for turn in OTHER)]), ONE_EACH),
        (
            "a.tsv",
            table("id turn next", [*(["1", *pair] for pair in pairwise(TALK)), ["2", *OTHER]]),
            NEXT,
        ),
        ("a.tsv", table("id turn next", [["1", *TALK[:2]], ["1", *TALK[2:]], ["2", *OTHER]]), NEXT),
        ("a.jsonl", "\n".join(json.dumps({"turns": each}) for each in (TALK, OTHER)), {"source_column": "turns"}),
        ("a.jsonl", "\n".join(json.dumps({"log": each}) for each in (MESSAGES, OTHER)), {"source_column": "log"}),
        (
            "a.jsonl",
            "\n".join(json.dumps({"id": id, "turn": turn}) for id, each in enumerate((TALK, OTHER)) for turn in each),
            ONE_EACH,
        ),
    ],
    ids=["lines", "other sign", "a turn a row", "turn and next", "question and answer", "lists", "messages", "objects"],
)
def test_every_form_is_the_same_dialogues(tmp_path: Path, name: str, content: str, fields: dict[str, object]) -> None:
    assert read(tmp_path, name, content, **fields) == [(*row, "") for row in (*ROWS, ("So?", "No."))]


def test_a_table_of_questions_and_answers_is_dialogues_of_two_turns(tmp_path: Path) -> None:
    content = table("source target", [["Hi.", "Hello."], ["Hello.", "Hi."]])
    assert read(tmp_path, "a.tsv", content) == [("Hi.", "Hello.", ""), ("Hello.", "Hi.", "")]


def test_what_cannot_be_learned_from_says_why(tmp_path: Path) -> None:
    content = "alone __eou__\na __eou__  __eou__ b __eou__ c __eou__\n __eou__ d __eou__ e\n\n"
    assert read(tmp_path, "a.txt", content, format="texts") == [
        ("alone", "", "single turn"),
        ("a", "", "empty turn"),
        ("a", "b", ""),
        (f"a{TURN} b", "c", ""),
        ("", "d", "empty turn"),
        ("d", "e", ""),
    ]


def test_for_room_the_oldest_turns_go(tmp_path: Path) -> None:
    content = "aaaa __eou__ bb __eou__ cc __eou__ dd"
    rows = read(tmp_path, "a.txt", content, format="texts", turns=3, max_characters=6)
    assert rows[-1] == (f"bb{TURN} cc", "dd", "")


@pytest.mark.parametrize(
    ("name", "content", "fields", "sentence"),
    [
        ("a.txt", "one\ntwo\n", {"format": "texts"}, "no line has two turns with '__eou__' between them"),
        ("a.jsonl", '{"turns": ["one"]}', {"source_column": "turns"}, "correct corpus.source_column"),
        ("a.jsonl", '{"turns": [1, 2]}', {"source_column": "turns"}, "a.jsonl line 1: the list at 'turns' holds"),
        ("a.jsonl", '{"turns": ["a", "b"]}', {}, "no key 'source' (its keys: turns); correct corpus.source_column"),
        ("a.tsv", table("id turn", [["1", "a"], ["2", "b"]]), ONE_EACH, "no two rows have the same 'id'"),
        (
            "a.tsv",
            table("id turn", [["1", "a"], ["1", "b"], ["2", "c"], ["2", "d"], ["1", "e"]]),
            ONE_EACH,
            "a.tsv line 6: dialogue '1' goes on here, and others stand between: sort the rows by 'id'",
        ),
        ("a.tsv", table("turn", [["a"]]), ONE_EACH, "no column 'id' among turn; correct corpus.dialogue_column"),
    ],
)
def test_a_mistake_is_one_sentence(
    tmp_path: Path, name: str, content: str, fields: dict[str, object], sentence: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    section = corpus(**{"train": [str(tmp_path / name)], "turns": 2, **fields})
    first, *_ = told(locate(section, tmp_path).train.rows[0], section)
    assert sentence in first


TURNS = st.lists(st.sampled_from(["a", "b", "c", "d e", ""]), min_size=1, max_size=6)


@given(dialogues=st.lists(TURNS, min_size=5, max_size=40), given_test=st.booleans(), turns=st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_splits_share_no_dialogue(dialogues: list[list[str]], given_test: bool, turns: int) -> None:
    """However many dialogues are alike: none straddles, nor one that begins alike, and no row is in two splits."""
    padding = [[f"question {number}", f"answer {number}", "well"] for number in range(40)]
    held_out = [["held", "out"], *dialogues[:10]] if given_test else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "test.txt").write_text(lines(held_out), encoding="utf-8")
        (folder / "train.txt").write_text(lines([*padding, *dialogues[len(held_out) :]]), encoding="utf-8")
        test = {"test": [str(folder / "test.txt")]} if given_test else {"test_share": 0.3}
        section = corpus(train=[str(folder / "train.txt")], format="texts", turns=turns, validation_share=0.3, **test)
        facts = build_corpus(section, locate(section, folder), folder, unwatched)
        rows = {split: read_split(folder, split) for split in SPLITS}
        rejected = len(pd.read_parquet(folder / "rejects.parquet"))
        said = {
            str(folder / "test.txt"): held_out,
            str(folder / "train.txt"): [*padding, *dialogues[len(held_out) :]],
        }
    openings, places, pairs = ({split: set() for split in SPLITS} for _ in range(3))
    for split, of_split in rows.items():
        for row in of_split.itertuples():
            places[split].add((row.origin, row.line))
            pairs[split].add((row.source, row.target))
            turns_said = [turn for turn in said[row.origin][row.line - 1] if turn]
            openings[split].add(tuple(turns_said[: min(2, len(turns_said) - 1)]))
    for found in (openings, places, pairs):
        assert sum(map(len, found.values())) == len(set.union(*found.values()))
    assert facts["read"] == sum(facts["rows"].values()) + rejected


LONG = [f"This is turn {number} of a dialogue that is told at some length" for number in "abcdefgh"]


def test_what_is_nearly_a_held_out_dialogue_is_not_trained_on(tmp_path: Path) -> None:
    """Signs and capitals do not hide it, nor another beginning; one turn in common is chance."""
    changed = ["Hm?", "What?", *(turn.upper() + " !" for turn in LONG[3:6]), "Oh."]
    chance = ["One thing.", LONG[0], LONG[1], *(f"And yet another thing to be said of {word}" for word in "uvwxyz")]
    others = [[f"question {number}", f"answer {number}", "well"] for number in range(60)]
    (tmp_path / "test.txt").write_text(lines([LONG]), encoding="utf-8")
    (tmp_path / "train.txt").write_text(lines([changed, chance, *others]), encoding="utf-8")
    section = corpus(train=[str(tmp_path / "train.txt")], test=[str(tmp_path / "test.txt")], format="texts", turns=2)
    build_corpus(section, locate(section, tmp_path), tmp_path, unwatched)
    rejects = pd.read_parquet(tmp_path / "rejects.parquet")
    assert list(rejects[["line", "reason"]].itertuples(index=False, name=None)) == [
        *[(1, "also in test")] * 5,
        (2, "duplicate"),
    ]


def test_vowel_signs_tell_turns_apart() -> None:
    assert _letters("कि।") != _letters("की!")
    assert _letters("Thank you.") == _letters("thank  you") == "thankyou"
