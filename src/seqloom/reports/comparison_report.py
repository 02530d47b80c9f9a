"""The report of two versions on the test rows that both answered: significance, and where they differ most."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from seqloom.errors import UserError
from seqloom.evaluation.applications.evaluator import EvalSet, Replies
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.evaluation.paired_bootstrap import Figures, PairedBootstrap, compare
from seqloom.recipe.metric import Metric
from seqloom.reports.evaluation_folder import EvaluationFolder
from seqloom.reports.example_rows import example, merits_of
from seqloom.reports.html_page import Markup, page, paragraph, section, table, tag, text

SHOWN = 12  # rows on which each is much better
SIGNIFICANCE = 0.05
_COLUMNS = ("probability", "log_probability")  # of replies, beside the prediction


def comparison_report(ours: EvaluationFolder, theirs: EvaluationFolder) -> str:
    """Return the page.

    Raises:
        UserError: they have different tasks, or no test row in common.
    """
    scores, kind = ours.scores, evaluator_of(ours.scores["task"]).kind
    if theirs.scores["task"] != scores["task"]:
        raise UserError(f"{ours.title} and {theirs.title} have different tasks: {scores['task']} and another")
    first, second = _common_rows(ours, theirs)
    found = {name: _compared(name, scores, first, second) for name in kind.judged}
    box = _verdict(ours, theirs, found[ours.metric.name], len(first))
    parts = [
        section("Scores", _table(ours, theirs, found, kind.judged)),
        _differing(ours, theirs, first, second),
    ]
    return page(f"{ours.title} against {theirs.title}", [box], parts)


def _common_rows(ours: EvaluationFolder, theirs: EvaluationFolder) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows of both with the same source and reference, in the same order; none stands in a training text."""
    tables = []
    for each in (ours, theirs):
        rows = each.rows
        rows["number"] = rows.groupby(["source", "reference"]).cumcount()  # of rows that are equal
        tables.append(rows.set_index(["source", "reference", "number"]))
    shared = tables[0].index.intersection(tables[1].index, sort=False)
    clean = shared[[all(_is_clean(table, key) for table in tables) for key in shared]]
    shared = clean if len(clean) else shared
    if shared.empty:
        raise UserError(
            f"{ours.title} and {theirs.title} were tested on different rows: score both with `seqloom evaluate` on one "
            "file"
        )
    first, second = (table.loc[shared].reset_index() for table in tables)
    return first, second


def _is_clean(table: pd.DataFrame, key: Any) -> bool:
    return "in_training" not in table or not table.at[key, "in_training"]


def _compared(name: str, scores: dict[str, Any], first: pd.DataFrame, second: pd.DataFrame) -> PairedBootstrap:
    """Compare the second with the first by paired bootstrap, in the direction second to first."""
    evaluator = evaluator_of(scores["task"])
    test = EvalSet(first["source"].tolist(), first["reference"].tolist(), language=scores.get("language", ""))
    ours, theirs = (evaluator.count(name, _replies(rows), test) for rows in (first, second))
    return compare(theirs, ours)


def _replies(rows: pd.DataFrame) -> Replies:
    return {
        "prediction": rows["hypothesis"].tolist(),
        **{name: rows[name].tolist() for name in _COLUMNS if name in rows},
    }


def _verdict(ours: EvaluationFolder, theirs: EvaluationFolder, found: PairedBootstrap, rows: int) -> Markup:
    metric = ours.metric
    gain, sure = metric.gain(found.champion, found.challenger), found.p_value <= SIGNIFICANCE
    change, low, high = (metric.change(value) for value in (found.difference, found.low, found.high))
    if not sure:
        first = f"{ours.title} and {theirs.title} cannot be told apart by {metric.label}."
    else:
        first = f"{ours.title} is {'better' if gain > 0 else 'worse'} than {theirs.title}, significantly."
    second = f"{metric.label} {change} (95 %: {low} to {high}), p = {found.p_value:.3f}, on {rows:,} test rows of both."
    color = ("good" if gain > 0 else "bad") if sure else "open"
    return tag("div", paragraph(first), paragraph(second), class_=f"verdict {color}")


def _table(
    ours: EvaluationFolder, theirs: EvaluationFolder, found: dict[str, PairedBootstrap], judged: dict[str, Metric]
) -> Markup:
    rows = []
    for name, each in found.items():
        measure = judged[name]
        change, low, high = (measure.change(value) for value in (each.difference, each.low, each.high))
        scores = [measure.shown(value, 2) for value in (each.challenger, each.champion)]
        rows.append([measure.label, *scores, f"{change} ({low} to {high})", f"{each.p_value:.3f}"])
    return table(["score", ours.title, theirs.title, "difference (95 % interval)", "p"], rows, (1, 2, 3, 4))


def _differing(
    ours: EvaluationFolder, theirs: EvaluationFolder, first: pd.DataFrame, second: pd.DataFrame
) -> tuple[str, Markup]:
    """Return the rows on which the quality of the two differs most, in both directions."""
    kind = evaluator_of(ours.scores["task"]).kind
    (name, merits), (_, others) = (merits_of(rows, ours.metric) for rows in (first, second))
    gains = merits - others
    order = np.argsort(-gains, kind="stable")
    parts: list[Markup] = []
    for title, chosen in ((ours.title, order), (theirs.title, order[::-1])):
        rows = _until_equal(gains, chosen.tolist(), 1 if title == ours.title else -1)
        shown = [
            example(first.iloc[row], name, float(merits[row]), kind, second["hypothesis"].iloc[row]) for row in rows
        ]
        parts += [tag("h3", text(f"Better by {title}")), *(shown or [paragraph("None.")])]
    return section("Where they differ most", *parts)


def _until_equal(gains: Figures, order: Sequence[int], sign: int) -> list[int]:
    return [row for row in order[:SHOWN] if sign * gains[row] > 0]
