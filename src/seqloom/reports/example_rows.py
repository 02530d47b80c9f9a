"""Examples of a report: the worst, the best and random test rows, with differences by word."""

from collections.abc import Iterator
from itertools import islice

import numpy as np
import pandas as pd

from seqloom.evaluation.paired_bootstrap import Figures
from seqloom.evaluation.row_sample import digest_of_text
from seqloom.recipe.application import Application
from seqloom.recipe.metric import Metric
from seqloom.reports.html_page import Markup, of_corpus, paragraph, section, tag, text
from seqloom.reports.word_differences import difference

SHOWN = 6  # rows of each kind
_LONGEST = 600  # characters of a text


def example_section(rows: pd.DataFrame, metric: Metric, kind: Application) -> tuple[str, Markup]:
    """Return the section of examples, of the rows that do not stand in training where it is known."""
    if "in_training" in rows and (rows["in_training"] == "").any():
        rows = rows[rows["in_training"] == ""]
    name, merits = merits_of(rows, metric)
    worst = np.argsort(merits, kind="stable")
    parts = [
        paragraph("Underlined: what the answer adds to the reference; struck out: what it lacks.")
        if kind.answer == "text"
        else paragraph("Test rows with their references and answers.")
    ]
    drawn = sorted(range(len(rows)), key=lambda row: digest_of_text(str(rows["source"].iloc[row])))
    for title, order in (("Worst", worst.tolist()), ("Best", worst[::-1].tolist()), ("Random", drawn)):
        chosen = list(islice(_distinct(rows, order), SHOWN))
        shown = [example(rows.iloc[row], name, float(merits[row]), kind) for row in chosen]
        parts += [tag("h3", text(title)), *shown]
    return section("Examples", *parts)


def merits_of(rows: pd.DataFrame, metric: Metric) -> tuple[str, Figures]:
    """Return the quality of each row, higher is better, and the name of the column that it is from."""
    for name in (metric.name, "chrf", "rougeL"):
        if name in rows:
            values = rows[name].to_numpy(np.float64)
            return name, values if metric.rises else -values
    if "right" in rows:
        right, sure = rows["right"].to_numpy(bool), rows["probability"].to_numpy(np.float64)
        return "probability", np.where(right, sure, -sure).astype(np.float64)
    if "character_error_rate" in rows:
        return "character_error_rate", 0.0 - rows["character_error_rate"].to_numpy(np.float64)
    equal = (rows["reference"] == rows["hypothesis"]).to_numpy()
    return "", equal.astype(np.float64)


def example(row: "pd.Series[str]", name: str, merit: float, kind: Application, other: str | None = None) -> Markup:
    """Return one row: source, reference, and the answer with its differences; `other` is a second model's."""
    source, reference, answer = (str(row[column])[:_LONGEST] for column in ("source", "reference", "hypothesis"))
    lines = [
        ("source", of_corpus(source)),
        ("reference", of_corpus(reference)),
        ("answer", _marked(reference, answer, kind)),
    ]
    if other is not None:
        lines.append(("the other", _marked(reference, other[:_LONGEST], kind)))
    labels = {measure.name: measure.label for measure in kind.metrics}
    score = f"{labels.get(name, name)} {abs(merit):.4g}" if name else ""
    return tag(
        "div",
        *(tag("p", tag("span", text(label), class_="key"), shown) for label, shown in lines),
        *([paragraph(score, "faint")] if score else []),
        class_="example",
    )


def _marked(reference: str, answer: str, kind: Application) -> Markup:
    if not answer.strip():
        return tag("span", text("(empty)"), class_="faint")
    return difference(reference, answer) if kind.answer == "text" else of_corpus(answer)


def _distinct(rows: pd.DataFrame, order: list[int]) -> Iterator[int]:
    """Yield rows in this order, each source and answer once."""
    seen = set()
    for row in order:
        key = (rows["source"].iloc[row], rows["hypothesis"].iloc[row])
        if key not in seen:
            seen.add(key)
            yield row
