"""No two splits share sources that are alike."""

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.near_duplicates import NearDuplicates
from seqloom.corpus.normalization import fold_text
from seqloom.corpus.similar_groups import SIMILARITY
from seqloom.errors import UserError
from seqloom.recipe.recipe_loader import check_recipe

from .test_stage import built, write


def variants(number: int, changes: list[str]) -> list[str]:
    """A text and others like it, and like none with another number."""
    letters = random.Random(number)
    words = ["".join(letters.choices("abcdefghijklmnopqrstuvwxyz", k=5)) for _ in range(80)]
    texts = [" ".join(words)]
    for at, change in enumerate(changes):
        match change:
            case "case":
                texts.append(texts[-1].swapcase())
            case "zero-width":
                texts.append(texts[-1][:4] + "\u200b" * (at + 1) + texts[-1][4:])
            case "signs":
                texts.append(texts[-1].replace(" ", ", ", at + 1) + "!")
            case "word":  # a chain: the last is like the one before it, and not like the first
                words[-1 - at] = f"new{at}x{number}"
                texts.append(" ".join(words))
    return texts


CHANGES = st.lists(st.sampled_from(["case", "zero-width", "signs", "word"]), max_size=6)


def splits(folder: Path, groups: list[list[str]], **fields: Any) -> dict[str, list[str]]:
    rows = [(text, f"answer {at}") for at, text in enumerate(text for group in groups for text in group)]
    shares = {"validation_share": 0.3, "test_share": 0.3}
    built(folder, train=[write(folder / "a.jsonl", rows)], **shares, **fields)
    return {split: read_split(folder, split)["source"].tolist() for split in ("train", "validation", "test")}


def most_similar(ours: list[str], theirs: list[str]) -> float:
    index = NearDuplicates(SIMILARITY)
    for sketch in index.sketches(theirs):
        index.add(sketch)
    return max(index.similarity_to_kept(sketch) for sketch in index.sketches(ours))


@settings(max_examples=8, deadline=None)
@given(st.lists(CHANGES, min_size=25, max_size=30))
def test_similar_sources_are_in_one_split(changes: list[list[str]]) -> None:
    groups = [variants(number, each) for number, each in enumerate(changes)]
    with tempfile.TemporaryDirectory() as name:
        found = splits(Path(name), groups, split_by="similar")
    assert sum(map(len, found.values())) == sum(map(len, groups)), "nothing is dropped"
    for one, other in (("train", "validation"), ("train", "test"), ("validation", "test")):
        assert most_similar(found[one], found[other]) <= SIMILARITY


def test_a_chain_of_similar_sources_is_one_group(tmp_path: Path) -> None:
    groups = [variants(number, ["word"] * 5) for number in range(60)]
    found = splits(tmp_path, groups, split_by="similar")
    of_text = {text: split for split, texts in found.items() for text in texts}
    assert all(len({of_text[text] for text in group}) == 1 for group in groups)
    assert min(map(len, found.values())) > 60
    alike = splits(tmp_path, groups)
    assert most_similar(alike["train"], alike["test"]) > SIMILARITY


@pytest.mark.parametrize("split_by", ["folded", "similar"])
def test_variants_of_case_and_zero_width_characters(split_by: str, tmp_path: Path) -> None:
    groups = [variants(number, ["case", "zero-width", "signs"]) for number in range(40)]
    found = {split: set(map(fold_text, texts)) for split, texts in splits(tmp_path, groups, split_by=split_by).items()}
    assert sum(map(len, found.values())) == 40
    by_source = {split: set(map(fold_text, texts)) for split, texts in splits(tmp_path, groups).items()}
    assert sum(map(len, by_source.values())) > 40


def test_sources_of_your_test_file_are_kept_out_of_train_whatever_their_case(tmp_path: Path) -> None:
    test = write(tmp_path / "test.jsonl", [("The House", "a")])
    train = write(tmp_path / "train.jsonl", [("the house!", "b"), *((f"row {n}", "c") for n in range(50))])
    facts: Any = built(tmp_path, train=[train], test=[test], split_by="folded")
    assert facts["rejected"] == {"also in test": 1}
    assert facts["also_in_training"]["test"] == 0


def test_groups_of_dialogues_are_refused() -> None:
    with pytest.raises(UserError, match="split_by similar compares sources"):
        check_recipe({"name": "a", "corpus": {"train": ["x"], "turns": 2, "split_by": "similar"}}, "recipe")
