"""Filters within the stage: what is dropped is a reject with its reason and place, and holds nothing out."""

import json
from itertools import product
from pathlib import Path

import pandas as pd

from seqloom.artifact.cache_key import CORPUS
from seqloom.recipe.recipe_loader import check_recipe

from ..test_stage import built, many, sources_of, write


def test_what_a_filter_drops_is_a_reject_with_reason_and_place(tmp_path: Path) -> None:
    pairs = [
        *many(200),
        ("<b>bold</b>", "fett"),
        ("same", "Same"),
        ("again", "nochmal"),
        ("again", "wieder"),
        ("", "x"),
    ]
    train = write(tmp_path / "train.jsonl", pairs)
    facts = built(tmp_path, train=[train], filters=["no_html", "no_copy", "unique_source"])
    assert facts["rejected"] == {"empty source": 1, "no_copy": 1, "no_html": 1, "unique_source": 1}
    assert facts["rejects"]["no_html"] == {
        "source": "<b>bold</b>", "target": "fett", "file": train, "line": 201, "problem": "source: markup <b>",
    }  # fmt: skip
    rejects = pd.read_parquet(tmp_path / "rejects.parquet")
    assert list(rejects[["reason", "line", "problem"]].itertuples(index=False, name=None)) == [
        ("no_html", 201, "source: markup <b>"),
        ("no_copy", 202, "the target is the source"),
        ("unique_source", 204, ""),
        ("empty source", 205, ""),
    ]
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["rejected"] == facts["rejected"]


def test_validation_and_test_of_the_user_stay_and_still_hold_out(tmp_path: Path) -> None:
    test = write(tmp_path / "test.jsonl", [("<i>held</i>", "x"), ("held", "held")])
    train = write(tmp_path / "train.jsonl", [*many(200), ("held", "gehalten"), ("<i>held</i>", "y")])
    facts = built(tmp_path, train=[train], test=[test], filters=["no_html", "no_copy"])
    assert sources_of(tmp_path)["test"] == {"<i>held</i>", "held"}
    assert facts["rejected"] == {"also in test": 1, "no_html": 1}


def test_a_dropped_pair_makes_no_other_one_a_duplicate(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [*many(200), ("x", "xxxxxxxxxxxxx"), ("x", "y"), ("x", "z")])
    facts = built(tmp_path, train=[train], filters=["length_ratio<=9", "unique_source"])
    assert facts["rejected"] == {"length_ratio<=9": 1, "unique_source": 1}


def test_boilerplate_is_kept_so_often_and_no_more(tmp_path: Path) -> None:
    pages = [(f"Page {n} of 30", f"Seite {n} von 30") for n in range(30)]
    answers = [(f"{word} it?", "I don't know.") for word in ("What is", "who WAS", "where is", "How is")]
    words = [(word, word.upper()) for word in map("".join, product("abcdef", repeat=3))]
    train = write(tmp_path / "train.jsonl", [*words, *pages, *answers])
    facts = built(tmp_path, train=[train], filters=["boilerplate<=3"])
    assert facts["rejected"] == {"boilerplate<=3": 27 + 1}
    for name, dropped in (("source.boilerplate<=3", 27), ("target.boilerplate", 10)):
        (tmp_path / name).mkdir()
        facts = built(tmp_path / name, train=[train], filters=[name])
        assert list(facts["rejected"].values()) == [dropped]


def test_the_split_of_what_is_kept_is_what_it_was(tmp_path: Path) -> None:
    train = write(tmp_path / "train.jsonl", [*many(200), *((f"<p>{n}</p>", "x") for n in range(20))])
    (tmp_path / "with").mkdir()
    built(tmp_path, train=[train])
    built(tmp_path / "with", train=[train], filters=["no_html"])
    before, after = sources_of(tmp_path), sources_of(tmp_path / "with")
    assert after == {split: {text for text in texts if "<p>" not in text} for split, texts in before.items()}


def test_filters_and_the_content_of_word_lists_are_part_of_the_key(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"

    def key(*filters: str) -> str:
        return CORPUS.key(
            check_recipe({"name": "a", "corpus": {"train": ["x.tsv"], "filters": list(filters)}}, "it"), ["1"]
        )

    words.write_text("one\n", encoding="utf-8")
    first = key(f"no_words:{words}")
    words.write_text("two\n", encoding="utf-8")
    assert len({key(), key("length_ratio"), key("length_ratio<=3"), first, key(f"no_words:{words}")}) == 5
    assert key("length_ratio") == key("length_ratio<=9")
