"""Differential privacy of a version, in words and as metrics."""

from collections.abc import Mapping
from typing import Any

from seqloom.recipe.pinned_version import split_pin

FACTS = "differential_privacy"


def privacy_rows(training: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return name and value of each line on the privacy of a training; none if it was not private."""
    if FACTS not in training:
        return []
    loss = training[FACTS]
    covered = (
        "each of the {rows:,} training rows, for the weights alone: not the vocabulary, nor lengths and counts of the "
        "corpus, nor validation and test rows, nor what reports and MLflow show, nor other trainings on the same rows"
    )
    parent = f", nor the rows that {split_pin(loss['parent'])[0]} learned from" if loss["parent"] else ""
    made = (
        "{updates:,} updates, each with a row by a probability of {sample_rate:.4g}, its gradient clipped to "
        "{gradient_norm:g}, noise of {noise_multiplier:g} times that; counted by Opacus in Rényi divergence"
    )
    return [
        ("differential privacy", "epsilon {epsilon:.4g}, delta {delta:.2g}".format(**loss)),
        ("covered by it", covered.format(**loss) + parent),
        ("made by", made.format(**loss)),
    ]


def privacy_metrics(training: Mapping[str, Any]) -> dict[str, float]:
    """Return the same as metrics of MLflow: usage/privacy/…."""
    loss = training.get(FACTS, {})
    names = ("epsilon", "delta", "noise_multiplier", "sample_rate", "updates")
    return {f"usage/privacy/{name}": float(loss[name]) for name in names if name in loss}
