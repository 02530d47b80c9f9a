"""Paired bootstrap against sacreBLEU's, and on cases with a known outcome."""

import random

import numpy as np
import pytest
from sacrebleu.significance import PairedTest

from seqloom.evaluation import paired_bootstrap
from seqloom.evaluation.paired_bootstrap import compare, confidence_interval, count, mean_of
from seqloom.evaluation.sacrebleu_scores import metric_of, text_scores

WORDS = ["der", "die", "das", "Hund", "Katze", "Haus", "rot", "blau", "läuft", "schläft"]


def sentences(rows: int, seed: int) -> list[str]:
    dice = random.Random(seed)
    return [" ".join(dice.choices(WORDS, k=dice.randint(3, 9))) for _ in range(rows)]


def worsened(texts: list[str], share: float, seed: int) -> list[str]:
    dice = random.Random(seed)
    return [" ".join(w if dice.random() > share else dice.choice(WORDS) for w in text.split()) for text in texts]


REFERENCES = sentences(120, 1)


@pytest.mark.parametrize("metric", ["bleu", "chrf"])
@pytest.mark.parametrize("shares", [(0.3, 0.28), (0.3, 0.1), (0.3, 0.5)])
def test_it_is_sacrebleus_test(metric: str, shares: tuple[float, float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SACREBLEU_SEED", raising=False)
    champion, challenger = (worsened(REFERENCES, share, seed) for seed, share in enumerate(shares))
    systems = [("champion", champion), ("challenger", challenger)]
    _, theirs = PairedTest(systems, {metric: metric_of(metric, "de")}, [REFERENCES], test_type="bs")()
    [name] = [name for name in theirs if name != "System"]
    found = compare(*(count(metric, texts, REFERENCES, "de") for texts in (champion, challenger)))
    assert found.champion == pytest.approx(theirs[name][0].score, abs=1e-4)
    assert found.challenger == pytest.approx(theirs[name][1].score, abs=1e-4)
    assert found.p_value == pytest.approx(theirs[name][1].p_value, abs=2e-3)
    assert found.low <= found.difference <= found.high


@pytest.mark.parametrize("metric", ["bleu", "chrf"])
def test_the_figure_is_the_score(metric: str) -> None:
    texts = worsened(REFERENCES, 0.3, 0)
    counts = count(metric, texts, REFERENCES, "de")
    assert counts.value == pytest.approx(text_scores([metric], texts, REFERENCES, "de")[metric].value)
    some = [3, 5, 99]
    part = text_scores([metric], [texts[row] for row in some], [REFERENCES[row] for row in some], "de")
    assert counts.of(some) == pytest.approx(part[metric].value)
    low, high = confidence_interval(counts)
    assert low < counts.value < high


@pytest.mark.parametrize("metric", ["bleu", "chrf"])
def test_a_system_is_no_other_than_itself(metric: str) -> None:
    counts = count(metric, worsened(REFERENCES, 0.3, 0), REFERENCES, "")
    found = compare(counts, counts)
    assert (found.difference, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_as_many_right_answers_in_other_rows_are_no_difference() -> None:
    right = np.arange(120) % 3 == 0
    found = compare(*(mean_of(rows.astype(float)) for rows in (right, np.roll(right, 1))))
    assert found.difference == 0
    assert found.low < 0 < found.high
    assert found.p_value > 0.3


def test_the_other_way_round_is_the_other_sign() -> None:
    one, two = (count("chrf", worsened(REFERENCES, share, 0), REFERENCES, "") for share in (0.2, 0.4))
    there, back = compare(one, two), compare(two, one)
    assert (there.difference, there.low, there.high) == pytest.approx((-back.difference, -back.high, -back.low))
    assert there.p_value == back.p_value


def test_equals_seldom_seem_better() -> None:
    """Of two systems of the same quality about one in twenty challengers passes at 0.05, by luck."""
    counts = [count("chrf", worsened(REFERENCES, 0.3, seed), REFERENCES, "") for seed in range(100, 160)]
    found = [compare(one, two) for one, two in zip(counts[::2], counts[1::2], strict=True)]
    assert sum(each.p_value <= 0.05 and each.difference > 0 for each in found) <= 4  # more: 2 in 100


def test_memory_is_bounded_and_changes_little(monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = (count("chrf", worsened(REFERENCES, share, 0), REFERENCES, "") for share in (0.3, 0.27))
    whole = compare(one, two)
    monkeypatch.setattr(paired_bootstrap, "_ROWS_AT_ONCE", 1300)
    sizes = [len(drawn) for _, drawn in paired_bootstrap._resamples(120)]
    assert (sum(sizes), max(sizes)) == (1000, 10)
    parts = compare(one, two)
    assert np.allclose([parts.low, parts.high, parts.p_value], [whole.low, whole.high, whole.p_value], atol=0.3)


def test_no_difference_is_certain() -> None:
    """No resample of a system that is always right is as far off from one that never is: that leaves 1 of 1,001."""
    always, never = (mean_of(np.full(50, figure)) for figure in (1.0, 0.0))
    assert compare(never, always).p_value == pytest.approx(1 / 1001, rel=1e-9)
