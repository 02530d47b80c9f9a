"""Which model is best, and which are worth their cost."""

from pathlib import Path

import pytest

from seqloom.evaluation.ranking import Candidate, best_first, quality_against_cost, worth_it


def candidate(label: str, chrf: float, seconds: float) -> Candidate:
    return Candidate(label, {"test/chrf": chrf, "test/bleu": -chrf}, seconds)


DEAR, GOOD, QUICK, WASTE = (
    candidate("dear", 40.0, 90.0),
    candidate("good", 40.0, 50.0),
    candidate("quick", 20.0, 10.0),
    candidate("waste", 15.0, 60.0),
)
FAILED = Candidate("failed", failure="the loss is no number")


@pytest.mark.parametrize("order", [(DEAR, GOOD, QUICK, FAILED, WASTE), (FAILED, WASTE, QUICK, GOOD, DEAR)])
def test_best_first(order: tuple[Candidate, ...]) -> None:
    assert best_first(order, "chrf") == [GOOD, DEAR, QUICK, WASTE, FAILED]
    assert best_first(order, "bleu")[0] == WASTE
    assert worth_it([each for each in order if not each.failure], "chrf") == [QUICK, GOOD]


def test_the_figure_is_a_picture(tmp_path: Path) -> None:
    quality_against_cost([GOOD, QUICK, WASTE], "chrf", tmp_path / "new" / "figure.png")
    assert (tmp_path / "new" / "figure.png").read_bytes().startswith(b"\x89PNG")
