"""Ensemble of versions in words: its members, what their trainings spent of privacy, and what they cost together."""

from collections.abc import Mapping
from typing import Any

from seqloom.recipe.pinned_version import split_pin
from seqloom.reports.privacy_summary import FACTS

MEMBER_COLUMNS = ("member", "share", "training rows", "parameters", "MB")
Facts = Mapping[str, Any]


def member_rows(ensemble: Facts) -> list[tuple[str, str, str, str, str]]:
    """Return the cells of `MEMBER_COLUMNS`, a row for each version; one that is named twice counts twice."""
    members = ensemble["members"]
    counts = {each["digest"]: sum(each["digest"] == other["digest"] for other in members) for each in members}
    return [
        (
            each["model"],
            f"{counts[each['digest']] / len(members):.0%}",
            f"{each['rows']:,}",
            f"{each['parameters']:,}",
            f"{each['megabytes']:,.1f}",
        )
        for each in _versions(ensemble)
    ]


def ensemble_privacy_rows(ensemble: Facts) -> list[tuple[str, str]]:
    """Return name and value of what private trainings of its members promise; none where there was none."""
    members = _versions(ensemble)
    private = [each for each in members if FACTS in each]
    if not private:
        return []
    spent = [(each["model"], each[FACTS]) for each in private]
    others = [each["model"] for each in members if FACTS not in each]
    epsilon, delta = (sum(loss[name] for _, loss in spent) for name in ("epsilon", "delta"))
    together = (
        f"none of the whole, for {', '.join(others)} learned without"
        if others
        else f"epsilon {epsilon:.4g}, delta {delta:.2g}, the sums of its members', for a row that all have learned from"
    )
    alone = [
        (
            f"that of {model}",
            f"epsilon {loss['epsilon']:.4g}, delta {loss['delta']:.2g}"
            + (f", not for the rows of {split_pin(loss['parent'])[0]}" if loss["parent"] else ""),
        )
        for model, loss in spent
    ]
    return [("differential privacy", together), *alone]


def ensemble_cost_rows(ensemble: Facts) -> list[tuple[str, str]]:
    """Return name and value of what members cost together: weights, files, and time for one text."""
    members = len(ensemble["members"])
    size = f"{ensemble['parameters']:,} parameters, {ensemble['megabytes']:,.1f} MB"
    lines = [("members", f"{members}, together {size}")]
    if ensemble["latency"]:
        together, first = ensemble["latency"]
        ratio = f"{together / first:.1f} times the {first:,.1f} ms of its first member" if first else ""
        lines.append(("one text, 95 of 100 times", f"{together:,.1f} ms at most, {ratio}"))
    return lines


def _versions(ensemble: Facts) -> list[Facts]:
    """Return the members, each version once."""
    return list({each["digest"]: each for each in ensemble["members"]}.values())
