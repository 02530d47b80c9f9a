"""The box at the head of a version's report: the gate's word, how good, against what, how sure."""

from collections.abc import Iterator, Mapping
from typing import Any

from seqloom.recipe.application import Application
from seqloom.recipe.metric import Metric
from seqloom.reports.evaluation_folder import EvaluationFolder
from seqloom.reports.html_page import (
    Markup,
    paragraph,
    tag,
)

FEW_ROWS = 200  # test rows below which a report says that they are few


def verdict_box(made: EvaluationFolder, scores: Mapping[str, Any], kind: Application) -> Markup:
    """Return the box at the head: the gate's word, how good, against what, how sure."""
    sentences = [*_gate(made.verdict), _how_good(made.metric, scores, kind), *_against(made.metric, scores, kind)]
    sentences += _how_sure(scores, kind)
    passed = made.verdict.get("passed")
    color = {True: "good", False: "bad", None: "open"}[passed]
    return tag("div", *(paragraph(sentence) for sentence in sentences), class_=f"verdict {color}")


def _gate(verdict: Mapping[str, Any]) -> Iterator[str]:
    if not verdict:
        yield "Not judged yet: its gate has not decided."
    elif verdict["passed"]:
        yield f"Ready to ship. Its gate: {verdict['why']}."
    else:
        yield f"Not to ship. Its gate: {verdict['why']}."


def _how_good(metric: Metric, scores: Mapping[str, Any], kind: Application) -> str:
    value, (low, high) = scores["metrics"][f"test/{metric.name}"], scores["intervals"][metric.name]
    return (
        f"{metric.label} {metric.shown(value)} on {scores['rows']:,} test {kind.rows} "
        f"(95 %: {metric.shown(low)} to {metric.shown(high)}; {'higher' if metric.rises else 'lower'} is better)."
    )


def _against(metric: Metric, scores: Mapping[str, Any], kind: Application) -> Iterator[str]:
    metrics = scores["metrics"]
    others = {name: metrics[f"baseline/{name}/{metric.name}"] for name in kind.baselines_in(metrics)}
    if not others:
        return
    best = max(others, key=lambda name: metric.gain(0.0 if metric.unit != "plain" else 1.0, others[name]))
    theirs, (low, high) = others[best], scores["intervals"][metric.name]
    worse_end = low if metric.rises else high
    gain = metric.gain(theirs, metrics[f"test/{metric.name}"])
    which = f"the best baseline, the {kind.baselines[best]} ({metric.shown(theirs)})"
    unit = "%" if metric.unit == "plain" else "points"
    if gain <= 0:
        yield f"No better than {which}."
    elif metric.gain(theirs, worse_end) > 0:
        yield f"Better than {which} by {gain:.1f} {unit}; its whole interval is."
    else:
        yield f"Ahead of {which} by {gain:.1f} {unit}, which may be chance: its interval reaches below that."


def _how_sure(scores: Mapping[str, Any], kind: Application) -> Iterator[str]:
    if scores["rows"] < FEW_ROWS:
        yield f"Only {scores['rows']:,} test {kind.rows} count: small differences cannot be seen on so few."
    if scores.get("contamination", {}).get("counted") == "all" and scores["contamination"]["scores"]:
        yield "Rows that stand in the training text count among them, so the score promises too much."
