"""Robustness: the share of the score that is kept when sources are disturbed (Belinkov and Bisk 2018).

https://arxiv.org/abs/1711.02173
"""

from collections.abc import Callable, Sequence
from typing import Any

from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies
from seqloom.evaluation.perturbations import PERTURBATIONS, perturbed
from seqloom.evaluation.row_sample import occurrences, sample_of_texts
from seqloom.recipe.metric import KEPT_PLACES, Metric
from seqloom.recipe.schema import Recipe

FEW = 10  # rows: of fewer nothing is said
ROBUSTNESS = "robustness"  # metric of an evaluation, and field of its facts


def sampled_rows(recipe: Recipe, evaluator: Evaluator, test: EvalSet) -> list[int]:
    """Return the test rows that are disturbed, in order: a share that bounds the time, none if they would be few.

    A tenth of the rows, each disturbed in nine ways, takes about as long to answer as all rows do once.
    """
    if not evaluator.kind.robust or not evaluator.kind.judged or recipe.corpus.features:
        return []
    rows = range(len(test.sources))
    size = min(recipe.evaluation.robustness_rows, len(rows) // (len(PERTURBATIONS) + 1))
    return sample_of_texts(test.sources, rows, size) if size >= FEW else []


def robustness(
    predict: Callable[[Sequence[str], Sequence[int]], Replies],
    evaluator: Evaluator,
    metric: Metric,
    test: EvalSet,
    clean: Replies,
    progress: Callable[[int, int, str, str], None],
) -> dict[str, Any]:
    """Answer the rows of `test` under each perturbation; `clean` are the answers to them as they are.

    `predict` is given row numbers of `test`.

    What is kept is the score under a perturbation by the clean one, 1 at most; the mean over all is the robustness. A
    perturbation that changes no text, such as look-alike letters of a text in Chinese, is left out.
    """
    undisturbed, rows = evaluator.count(metric.name, clean, test).value, range(len(test.sources))
    before = occurrences(test.sources)
    found: dict[str, dict[str, Any]] = {}
    for done, name in enumerate(PERTURBATIONS, start=1):
        texts = [perturbed(name, source, number) for source, number in zip(test.sources, before, strict=True)]
        if texts != test.sources:
            score = evaluator.count(metric.name, predict(texts, rows), test).value
            kept = score / undisturbed if undisturbed else 1.0
            found[name] = {"score": round(score, KEPT_PLACES), "kept": round(min(1.0, kept), KEPT_PLACES)}
        progress(done, len(PERTURBATIONS), "perturbations", "robustness")
    mean = sum(each["kept"] for each in found.values()) / max(1, len(found))
    return {
        "kept": round(mean, KEPT_PLACES),
        "clean": round(undisturbed, KEPT_PLACES),
        "rows": len(test.sources),
        "metric": metric.name,
        "perturbations": found,
    }
