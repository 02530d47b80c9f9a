"""Ranking and Pareto front of trained models."""

from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from seqloom.evaluation import plot_style
from seqloom.evaluation.model_comparison import (
    Candidate,
    best_first,
    indistinguishable,
    pareto_front,
    quality_against_cost,
    quality_by_length,
)
from seqloom.recipe.applications import TRANSLATION
from seqloom.recipe.metric import Metric

CHRF, BLEU = TRANSLATION.judged["chrf"], TRANSLATION.judged["bleu"]
PERPLEXITY = Metric("perplexity", "perplexity", "plain", rises=False)


def candidate(label: str, chrf: float, seconds: float) -> Candidate:
    return Candidate(label, {"test/chrf": 0.0}, {"validation/chrf": chrf, "validation/bleu": -chrf}, seconds)


DEAR, GOOD, QUICK, WASTE = (
    candidate("dear", 40.0, 90.0),
    candidate("good", 40.0, 50.0),
    candidate("quick", 20.0, 10.0),
    candidate("waste", 15.0, 60.0),
)
FAILED = Candidate("failed", failure="the loss is no number")


@pytest.mark.parametrize("order", [(DEAR, GOOD, QUICK, FAILED, WASTE), (FAILED, WASTE, QUICK, GOOD, DEAR)])
def test_best_first(order: tuple[Candidate, ...]) -> None:
    assert best_first(order, CHRF) == [GOOD, DEAR, QUICK, WASTE, FAILED]
    assert best_first(order, BLEU)[0] == WASTE
    assert pareto_front([each for each in order if not each.failure], CHRF) == [QUICK, GOOD]


def test_what_lies_within_the_interval_of_the_first_may_be_as_good() -> None:
    first = replace(GOOD, interval=(38.0, 42.5))
    near, at_the_end, below = (candidate(str(chrf), chrf, 5.0) for chrf in (39.0, 38.0, 37.9))
    ranked = best_first([below, FAILED, at_the_end, near, first], CHRF)
    assert ranked == [first, near, at_the_end, below, FAILED]
    assert indistinguishable(ranked, CHRF) == [first, near, at_the_end]
    assert indistinguishable([first, below], CHRF) == [first]
    sharp, vague = (
        Candidate(str(value), {}, {"validation/perplexity": value}, interval=(value - 2, value + 2))
        for value in (40.0, 41.5)
    )
    assert indistinguishable([sharp, vague, FAILED], PERPLEXITY) == [sharp, vague]


def test_where_lower_is_better_the_lowest_is_best() -> None:
    vague, sharp = (Candidate(str(value), {}, {"validation/perplexity": value}, 5.0) for value in (90.0, 40.0))
    assert best_first([vague, FAILED, sharp], PERPLEXITY) == [sharp, vague, FAILED]
    assert pareto_front([vague, sharp], PERPLEXITY) == [sharp]


def test_the_test_split_chooses_nobody() -> None:
    lucky = Candidate("lucky on test", {"test/chrf": 50.0}, {"validation/chrf": 30.0}, 5.0)
    good = Candidate("good", {"test/chrf": 40.0}, {"validation/chrf": 40.0}, 5.0)
    assert best_first([lucky, good], CHRF) == [good, lucky]
    assert pareto_front([lucky, good], CHRF)[-1] == good
    assert (good.score(CHRF), lucky.tested(CHRF)) == (40.0, 50.0)
    assert FAILED.tested(CHRF) == float("-inf")


def test_the_figures_are_pictures(tmp_path: Path) -> None:
    quality_against_cost([GOOD, QUICK, WASTE], CHRF, tmp_path / "new" / "cost.png")
    attending, squeezing = (
        Candidate(label, by_length=dict(zip(("1 to 20 characters", "21 to 99 characters"), scores, strict=True)))
        for label, scores in (("attending", (40.0, 41.0)), ("squeezing", (39.0, 12.0)))
    )
    quality_by_length([attending, squeezing], CHRF, tmp_path / "new" / "length.png")
    for name in ("cost", "length"):
        assert (tmp_path / "new" / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_points_and_lines_are_numbered_as_in_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr(plot_style, "save", lambda figure, _: drawn.append(figure))
    quality_against_cost([GOOD, QUICK, WASTE], CHRF, tmp_path)
    quality_by_length([replace(each, by_length={"1 to 20 characters": 1.0}) for each in (GOOD, QUICK)], CHRF, tmp_path)
    cost, length = (figure.axes[0] for figure in drawn)
    assert sorted(text.get_text() for text in cost.texts) == ["1", "2", "3"]
    assert sorted(text.get_text() for text in length.texts) == ["1", "2"]
    assert cost.get_title(loc="left") == "chrF against cost"
    assert length.get_title(loc="left") == "chrF by length of the source"
    assert length.get_ylabel() == "chrF, 0 to 100"
