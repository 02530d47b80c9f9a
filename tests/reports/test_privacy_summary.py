"""What card, report and MLflow say of the privacy of a version."""

from seqloom.reports.privacy_summary import privacy_metrics, privacy_rows

LOSS = {
    "epsilon": 7.9931,
    "delta": 4.7e-05,
    "noise_multiplier": 0.7422,
    "gradient_norm": 1.0,
    "sample_rate": 0.05,
    "rows": 8530,
    "updates": 120,
    "parent": "",
}


def test_epsilon_comes_with_what_it_does_not_cover() -> None:
    rows = dict(privacy_rows({"differential_privacy": LOSS}))
    assert rows["differential privacy"] == "epsilon 7.993, delta 4.7e-05"
    assert rows["covered by it"].startswith(
        "each of the 8,530 training rows, for the weights alone: not the vocabulary"
    )
    assert "120 updates" in rows["made by"]
    assert "learned from" not in rows["covered by it"]
    parent = {**LOSS, "parent": "models:/a/3#sha256=1234"}
    assert privacy_rows({"differential_privacy": parent})[1][1].endswith(", nor the rows that models:/a/3 learned from")


def test_the_metrics_are_numbers_and_a_usual_training_has_none() -> None:
    metrics = privacy_metrics({"differential_privacy": LOSS})
    assert metrics["usage/privacy/epsilon"] == 7.9931
    assert metrics["usage/privacy/updates"] == 120.0
    assert privacy_metrics({}) == {}
    assert privacy_rows({}) == []
