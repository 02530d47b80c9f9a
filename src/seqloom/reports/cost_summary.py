"""Cost of a version in words and as metrics: of its training, and of a thousand answers in batches."""

from collections.abc import Iterator, Mapping
from typing import Any

_THOUSAND = 1000


def cost_rows(
    training: Mapping[str, Any], evaluation: Mapping[str, Any], price_per_hour: float
) -> list[tuple[str, str]]:
    """Return name and value of each cost that is known; those of older versions are not."""
    rows: list[tuple[str, str]] = []
    known = list(_costs(training, evaluation))
    for what, cost in known:
        parts = [_time(cost["seconds"]), f"{cost['watt_hours']:,.3g} Wh"]
        if price_per_hour:
            parts.append(f"{cost['seconds'] / 3600 * price_per_hour:,.4g} at {price_per_hour:g} an hour")
        rows.append((what, ", ".join(parts)))
    if "cost" in training:
        rows.append(("peak memory of the training", f"{training['cost']['peak_megabytes']:,.0f} MB"))
    if known:
        rows.append(("energy", known[0][1]["energy_source"]))
    return rows


def cost_metrics(training: Mapping[str, Any], evaluation: Mapping[str, Any], price_per_hour: float) -> dict[str, float]:
    """Return the same as metrics of MLflow, behind those of training: usage/training/… and usage/thousand_answers/…."""
    metrics: dict[str, float] = {}
    for what, cost in _costs(training, evaluation):
        prefix = f"usage/{what.replace(' ', '_')}"
        names = ("seconds", "processor_seconds", "watt_hours", "peak_megabytes")
        metrics |= {f"{prefix}/{name}": cost[name] for name in names if name in cost}
        if price_per_hour:
            metrics[f"{prefix}/price"] = cost["seconds"] / 3600 * price_per_hour
    return metrics


def _costs(training: Mapping[str, Any], evaluation: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the training, and a thousand answers, with what they took."""
    if "cost" in training:
        yield "training", dict(training["cost"])
    if "cost" in evaluation and evaluation["cost"]["rows"]:
        cost = dict(evaluation["cost"])
        share = _THOUSAND / cost.pop("rows")
        scaled = {name: cost[name] * share for name in ("seconds", "processor_seconds", "watt_hours")}
        yield "thousand answers", {**scaled, "energy_source": cost["energy_source"]}


def _time(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:,.3g} s"
    return f"{seconds / 60:,.0f} min" if seconds < 7200 else f"{seconds / 3600:,.1f} h"
