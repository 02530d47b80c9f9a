"""Which model of a comparison is called best, and when none is."""

from seqloom.evaluation.model_comparison import Candidate
from tasks.comparison import Comparison


def candidate(label: str, chrf: float, seconds: float) -> Candidate:
    figures = {"test/chrf": chrf - 1}
    return Candidate(label, figures, {"validation/chrf": chrf}, seconds, interval=(chrf - 2, chrf + 2))


FIRST, NEAR, FAR = candidate("first", 40.0, 90.0), candidate("near", 39.0, 20.0), candidate("far", 30.0, 5.0)
FAILED = Candidate("failed", failure="the loss is no number")


def comparison(*candidates: Candidate) -> Comparison:
    return Comparison("translation", "chrf", list(candidates), "", "")


def test_one_that_stands_apart_is_best() -> None:
    found = comparison(FIRST, FAR, FAILED)
    assert found.headline == (
        "best of 3: first, chrF 40.0 on validation (95 %: 38.0 to 42.0), 39.0 on test, in 90 s; 1 failed"
    )
    assert [row["note"] for row in found.rows] == ["", "", "the loss is no number"]
    assert [row["95 % of it"] for row in found.rows] == ["38.0 to 42.0", "28.0 to 32.0", ""]


def test_none_is_best_of_those_that_are_not_told_apart() -> None:
    found = comparison(FIRST, NEAR, FAR)
    assert found.headline == (
        "2 of 3 are not told apart by chrF on validation: the first, first, has 40.0 (95 %: 38.0 to 42.0); the "
        "cheapest of them is near, in 20 s"
    )
    assert [row["note"] for row in found.rows] == ["", "within the interval of 1", ""]
