from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from seqloom.corpus.part_files import keys_of
from seqloom.corpus.row_keys import key_of
from seqloom.corpus.sources import locate
from seqloom.corpus.splits import SPLITS, ContiguousSplits, Shares, hash_positions

from .files import corpus

SHARE = st.floats(0, 0.5)


def keys(*texts: str) -> NDArray[np.uint64]:
    return keys_of(pa.array(map(key_of, texts), pa.binary(8)))


def splits_of(shares: Shares | ContiguousSplits, texts: list[str], given_for: str = "train") -> list[list[str]]:
    masks = shares.masks(keys(*texts), given_for)
    return [[split for split, mask in masks.items() if mask[row]] for row in range(len(texts))]


def split_of(shares: Shares, text: str) -> str:
    (split,) = splits_of(shares, [text])[0]
    return split


@pytest.mark.parametrize(("text", "expected"), [("a dog", 0.992232), ("", 0.893168), ("他来了。", 0.236532)])
def test_position_is_the_same_everywhere_and_for_ever(text: str, expected: float) -> None:
    assert hash_positions(keys(text)) == pytest.approx([expected], abs=1e-6)


@given(st.text())
def test_position_is_a_share(text: str) -> None:
    assert 0.0 <= hash_positions(keys(text))[0] < 1.0


def test_shares_are_met() -> None:
    splits = splits_of(Shares(validation=0.1, test=0.2), [f"sentence {n}" for n in range(10_000)])
    assert splits.count(["validation"]) == pytest.approx(1_000, rel=0.1)
    assert splits.count(["test"]) == pytest.approx(2_000, rel=0.1)


@given(text=st.text(), validation=SHARE, test=SHARE, more=SHARE)
def test_a_share_moves_its_own_split_only(text: str, validation: float, test: float, more: float) -> None:
    was, now = (split_of(Shares(validation, share), text) for share in (test, max(test, more)))
    assert now == was or now == "test"


@given(st.text())
def test_no_share_takes_nothing(text: str) -> None:
    assert split_of(Shares(validation=0.0, test=0.0), text) == "train"
    assert split_of(Shares(validation=0.5, test=0.5), text) != "train"


@pytest.mark.parametrize("given_for", ["validation", "test"])
def test_a_split_with_files_of_its_own_takes_no_share(given_for: str, tmp_path: Path) -> None:
    for name in ("train", "own"):
        (tmp_path / f"{name}.tsv").write_text("a\tb\n")
    files = {"train": [str(tmp_path / "train.tsv")], given_for: [str(tmp_path / "own.tsv")]}
    section = corpus(**files, validation_share=0.1, test_share=0.2)
    shares = {"validation": 0.1, "test": 0.2, given_for: 0.0}
    assert Shares.of(section, locate(section, tmp_path)) == Shares(shares["validation"], shares["test"])


def test_by_heart_every_split_is_the_training_text(tmp_path: Path) -> None:
    (tmp_path / "train.tsv").write_text("a\tb\n")
    section = corpus(train=[str(tmp_path / "train.tsv")], overfit=True)
    shares = Shares.of(section, locate(section, tmp_path))
    assert splits_of(shares, ["a"]) == [list(SPLITS)]
    assert splits_of(ContiguousSplits(10, shares), ["a"]) == [list(SPLITS)]


def test_running_text_is_cut_where_it_stands() -> None:
    stretches = ContiguousSplits(20, Shares(validation=0.1, test=0.15))
    splits = splits_of(stretches, ["the same"] * 9) + splits_of(stretches, ["the same"] * 11)
    assert splits == [["train"]] * 15 + [["validation"]] * 2 + [["test"]] * 3
    assert splits_of(stretches, ["of a file of its own"], "validation") == [["validation"]]
