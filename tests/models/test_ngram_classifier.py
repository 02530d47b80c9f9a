"""The runs of a text, and the linear model of them, against loops over lists."""

import math

import numpy as np
import pytest
import torch
from torch import Tensor

from seqloom.dataset.padded_batch import pad_sources
from seqloom.models import ngram_classifier
from seqloom.models.ngram_classifier import BASE, LONGEST, NgramLinear, ngram_keys
from seqloom.vocabulary.special_tokens import END

RANDOM = np.random.default_rng(3)
TEXTS = [RANDOM.integers(4, 12, size=size).tolist() for size in (1, 7, 3, 12, 2, 5)]


def key_of(run: list[int]) -> int:
    return sum(token * BASE**place for place, token in enumerate(reversed(run)))


def runs(text: list[int], longest: int) -> list[list[int]]:
    ids = [*text, END]
    return [ids[start : start + size] for size in range(1, longest + 1) for start in range(len(ids) - size + 1)]


def part_of(longest: int, labels: int = 3) -> NgramLinear:
    """It knows every second run of the texts."""
    torch.manual_seed(0)
    known = sorted({key_of(run) for text in TEXTS for run in runs(text, longest)})[::2]
    part = NgramLinear(len(known), labels, longest)
    part.keys = torch.tensor(known)
    part.weights, part.squares, part.bias = torch.randn(len(known), labels), torch.rand(len(known)), torch.randn(labels)
    return part


def by_hand(part: NgramLinear, text: list[int]) -> Tensor:
    places = {key: place for place, key in enumerate(part.keys.tolist())}
    found = [places[key_of(run)] for run in runs(text, part.longest) if key_of(run) in places]
    length = math.sqrt(sum(float(part.squares[place]) for place in found))
    return sum((part.weights[place] for place in found), torch.zeros_like(part.bias)) / max(length, 1e-6) + part.bias


@pytest.mark.parametrize("longest", range(1, LONGEST + 1))
def test_every_run_has_its_number(longest: int) -> None:
    keys = ngram_keys(pad_sources(TEXTS), longest)
    for row, text in zip(keys, TEXTS, strict=True):
        assert sorted(row[row > 0].tolist()) == sorted(map(key_of, runs(text, longest)))


def test_the_largest_vocabulary_gives_no_two_runs_one_number() -> None:
    last = BASE - 1
    keys = ngram_keys(torch.tensor([[last, last, last, 1], [last, last, last - 1, 1]]), LONGEST)
    assert (keys >= 0).all()
    assert len(keys.unique()) == 1 + 3 + 4 + 4  # no run; single tokens, pairs, threes


@pytest.mark.parametrize("longest", range(1, LONGEST + 1))
def test_the_logits_by_hand(longest: int) -> None:
    part = part_of(longest)
    logits = part(pad_sources(TEXTS))
    for row, text in zip(logits, TEXTS, strict=True):
        torch.testing.assert_close(row, by_hand(part, text))


@pytest.mark.parametrize("rows", [1, 3, 4])
@pytest.mark.parametrize("labels", [1, 2, 8, 33])
def test_some_rows_at_a_time_or_one_alone_give_the_same_bits(
    labels: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = part_of(LONGEST, labels)
    source = pad_sources([*TEXTS, *(RANDOM.integers(4, 12, size=40).tolist() for _ in range(5))])
    whole = part(source)
    for row, text in zip(whole, source, strict=True):
        assert torch.equal(part(text.unsqueeze(0))[0], row)
    row_size = source.shape[1] * LONGEST * labels
    assert summed_at_once(part, source, monkeypatch) == [len(source)]
    monkeypatch.setattr(ngram_classifier, "MOST_WEIGHTS", rows * row_size)
    assert torch.equal(part(source), whole)
    assert max(summed_at_once(part, source, monkeypatch)) == rows
    monkeypatch.setattr(ngram_classifier, "MOST_WEIGHTS", row_size - 1)  # one row holds more than is allowed
    assert torch.equal(part(source), whole)


def summed_at_once(part: NgramLinear, source: Tensor, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each part has."""
    counts: list[int] = []
    sums = NgramLinear._sums

    def seen(self: NgramLinear, places: Tensor, known: Tensor) -> Tensor:
        counts.append(len(places))
        return sums(self, places, known)

    with monkeypatch.context() as watching:
        watching.setattr(NgramLinear, "_sums", seen)
        part(source)
    return counts
