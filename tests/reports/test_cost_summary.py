"""Cost in words and as metrics, of versions that have it and of those that were made before."""

import pytest

from seqloom.reports.cost_summary import cost_metrics, cost_rows

COST = {"processor_seconds": 7000.0, "peak_megabytes": 900.0, "watt_hours": 20.0, "energy_source": "estimated"}
TRAINING = {"cost": {"seconds": 7200.0, **COST}}
EVALUATION = {"cost": {"seconds": 9.0, "rows": 250, **COST}}


def test_costs_are_said_per_training_and_per_thousand_answers() -> None:
    assert cost_rows(TRAINING, EVALUATION, 3.0) == [
        ("training", "2.0 h, 20 Wh, 6 at 3 an hour"),
        ("thousand answers", "36 s, 80 Wh, 0.03 at 3 an hour"),
        ("peak memory of the training", "900 MB"),
        ("energy", "estimated"),
    ]
    assert cost_rows({}, EVALUATION, 0.0) == [("thousand answers", "36 s, 80 Wh"), ("energy", "estimated")]


def test_metrics_are_the_same_numbers() -> None:
    metrics = cost_metrics(TRAINING, EVALUATION, 3.0)
    assert metrics["usage/training/price"] == 6.0
    assert metrics["usage/training/peak_megabytes"] == 900.0
    assert metrics["usage/thousand_answers/seconds"] == pytest.approx(36.0)
    assert metrics["usage/thousand_answers/price"] == pytest.approx(0.03)
    assert not any("price" in name for name in cost_metrics(TRAINING, EVALUATION, 0.0))


def test_versions_from_before_have_none() -> None:
    assert cost_rows({}, {"rows": 3}, 3.0) == []
    assert cost_metrics({}, {}, 3.0) == {}
