"""Evaluation of a trained model on any file: scores with intervals, slices, and contamination by training text."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from seqloom.corpus.overlap import Chunks, sources_of
from seqloom.decoding.confidence import CONFIDENCE
from seqloom.errors import UserError
from seqloom.evaluation.adversarial_search import adversarial_search, attacked_rows
from seqloom.evaluation.answer_constraints import constraint_shares
from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies, replies_of
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.evaluation.bertscore_model import check_bertscore_model
from seqloom.evaluation.clean_rows import IN_TRAINING, CleanRows
from seqloom.evaluation.eval_rows import EvalRows
from seqloom.evaluation.examples import Example, choose_examples
from seqloom.evaluation.paired_bootstrap import confidence_interval
from seqloom.evaluation.system_answers import decode, of_rows
from seqloom.evaluation.test_slices import COLUMN_PREFIX
from seqloom.evaluation.unknown_share import unknown_share_slices, unknown_shares
from seqloom.progress import Progress
from seqloom.recipe.applications import metric_of_recipe
from seqloom.recipe.schema import Recipe
from seqloom.training.device import choose_device

if TYPE_CHECKING:
    from seqloom.decoding.generator import Generator

FEW = 25  # rows: a slice of fewer is not shown


@dataclass(frozen=True)
class ScoredMetric:
    """The value of a metric; judged metrics have a 95 % confidence interval."""

    name: str
    value: float
    signature: str
    interval: tuple[float, float] | None


@dataclass(frozen=True)
class ScoredSlice:
    """The recipe's metric on some of the rows."""

    name: str
    rows: int
    value: float


@dataclass(frozen=True)
class FileEvaluation:
    """Scores of a model on the rows of some files."""

    task: str
    metric: str  # that of the slices
    rows: int  # that the scores count
    unreadable: list[str]  # a sentence for each row that was left out
    scores: list[ScoredMetric]
    slices: list[ScoredSlice]
    examples: list[Example]
    in_training: int | None  # rows with a source of the training text; None where that is not on this machine
    contamination: Mapping[str, Any]  # as in the facts of an evaluation; empty where the text is not on this machine
    constraints: Mapping[str, Any]  # shares of terms and protected text, as in the facts of an evaluation
    adversarial: Mapping[str, Any]  # what small edits break, likewise; empty where nobody asked
    bertscore: Mapping[str, Any]  # likewise; empty where the recipe names no encoder
    bertscore_missing: str  # why there is none, where the recipe names an encoder
    table: pd.DataFrame  # a row for each of the files': source, reference, hypothesis, quality

    def as_json(self) -> dict[str, Any]:
        """Return everything but the table."""
        fields = asdict(replace(self, table=pd.DataFrame()))
        return {name: value for name, value in fields.items() if name != "table"}


def evaluate_rows(
    recipe: Recipe,
    generator: "Generator",
    rows: EvalRows,
    corpora: Sequence[Path],
    progress: Progress,
    budget: int = 0,
) -> FileEvaluation:
    """Answer and score the rows; those whose source stands in the training text of `corpora` are scored apart.

    `budget` texts are asked for each of some rows to find the edit that hurts most; 0: none are.
    """

    def training() -> Chunks:
        return chain.from_iterable(sources_of(corpus, "train") for corpus in corpora)

    test, evaluator = EvalSet.of(rows.table, recipe.corpus.target_language), evaluator_of(recipe.task)

    def predict(texts: Sequence[str], numbers: Sequence[int]) -> Replies:
        return generator.reply(texts, generator.decoding, numbers)

    whole, whole_replies = test, decode(predict, test.sources, progress)
    if corpora:
        rows_of = CleanRows.of(recipe, whole.sources, training())
    else:
        rows_of = CleanRows.unknown(recipe, len(whole.sources))
    test, replies = whole.only(rows_of.headline), replies_of(whole_replies, rows_of.headline)
    metric = metric_of_recipe(recipe).name
    counts = {name: evaluator.count(name, replies, test) for name in evaluator.kind.judged}
    scores = [
        ScoredMetric(name, each.value, each.signature, confidence_interval(counts[name]) if name in counts else None)
        for name, each in evaluator.scores(replies, test).items()
    ]
    parts = evaluator.slices(test) + (evaluator.rare_words(test, training()) if corpora else [])
    parts += unknown_share_slices(unknown_shares(generator.source, test.sources))
    slices = [(part.name, part.rows) for part in parts]
    attacked = attacked_rows(recipe, test) if budget else []
    sample = test.only(attacked), replies_of(replies, attacked)
    ask = of_rows(predict, [rows_of.headline[row] for row in attacked])
    shown = rows_of.shown(evaluator, whole_replies, whole)
    merits = evaluator.merits(replies, test)
    compared, missing = _bertscore(recipe, replies, test, progress)
    return FileEvaluation(
        recipe.task,
        metric,
        len(test.sources),
        rows.unreadable,
        scores,
        [ScoredSlice(name, len(some), counts[metric].of(some)) for name, some in slices if len(some) >= FEW],
        choose_examples(*shown, merits, recipe.evaluation.examples),
        len(rows_of.contaminated) if corpora else None,
        rows_of.facts(evaluator, whole_replies, whole) if corpora else {},
        constraint_shares(test.sources, replies, generator.decoding),
        adversarial_search(ask, evaluator, *sample, budget, progress) if attacked else {},
        compared,
        missing,
        _table(evaluator, whole_replies, whole, rows_of.kinds if corpora else None),
    )


def _bertscore(recipe: Recipe, replies: Replies, test: EvalSet, progress: Progress) -> tuple[Mapping[str, Any], str]:
    """Return BERTScore by the recipe's encoder, or why there is none: its folder may be on another machine."""
    section = recipe.evaluation
    if not section.bertscore_model:
        return {}, ""
    from seqloom.evaluation.bertscore import bertscore

    device = choose_device("auto").type
    compared = replies["prediction"], test.references, Path(section.bertscore_model), section.bertscore_layer
    try:
        check_bertscore_model(section)
        return bertscore(*compared, device, progress), ""
    except UserError as error:
        return {}, str(error)


def _table(evaluator: Evaluator, replies: Replies, test: EvalSet, kinds: Sequence[str] | None) -> pd.DataFrame:
    columns: Mapping[str, Any] = {
        "source": [str(source) for source in test.sources],
        "reference": test.references,
        **{f"{COLUMN_PREFIX}{name}": values for name, values in test.columns.items()},
        "hypothesis": replies["prediction"],
        **({CONFIDENCE: replies[CONFIDENCE]} if CONFIDENCE in replies else {}),
        **({IN_TRAINING: kinds} if kinds is not None else {}),
        **evaluator.by_row(replies, test),
    }
    return pd.DataFrame(columns)
