"""The evaluation stage: decode the test split, score it and its baselines, and write tables and plots."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from seqloom.artifact.cache_key import TRAINING
from seqloom.artifact.manifest import Manifest
from seqloom.corpus.canaries import canaries_of
from seqloom.corpus.corpus_files import read_split
from seqloom.dataset.batch_factory import open_batches
from seqloom.decoding.answers import TRUNCATED
from seqloom.decoding.confidence import write_confidence
from seqloom.decoding.explanation import Explanation, explain, is_cheap
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import read_generator
from seqloom.errors import UserError
from seqloom.evaluation import ATTENTION_FILE, FIGURES_FOLDER, SCORES_FILE
from seqloom.evaluation.answer_checks import check_answers, metrics_of, signatures_of
from seqloom.evaluation.answer_limits import limit_facts
from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.evaluation.clean_rows import CLEAN_ROWS, CleanRows, chunks_of
from seqloom.evaluation.confidence_fit import confidence_of, validation_rows
from seqloom.evaluation.evaluation_files import draw, write_json, write_tables
from seqloom.evaluation.examples import choose_examples
from seqloom.evaluation.exposure import EXPOSURE, exposure
from seqloom.evaluation.paired_bootstrap import confidence_interval
from seqloom.evaluation.perplexity import Likelihood, likelihood
from seqloom.evaluation.plot_style import MODEL
from seqloom.evaluation.plots import loss_curves
from seqloom.evaluation.row_columns import with_recipe_columns
from seqloom.evaluation.sacrebleu_scores import Score
from seqloom.evaluation.system_answers import Predict, SystemAnswers, of_rows
from seqloom.evaluation.unicode_scripts import has_spaces, script_name
from seqloom.evaluation.unknown_share import UnknownShares, unknown_share_slices, unknown_shares
from seqloom.evaluation.word_vectors import WORD_VECTORS, word_vectors
from seqloom.progress import Progress
from seqloom.recipe.applications import application_of, metric_of_recipe
from seqloom.recipe.language_tags import language_of
from seqloom.recipe.metric import KEPT_PLACES
from seqloom.recipe.schema import Recipe
from seqloom.training.device import choose_device
from seqloom.training.resource_cost import ResourceCost
from seqloom.training.training_history import read_history

_MAPS, _MAPPED = 3, 30  # answers that are explained, and tokens of their sources at most

logger = logging.getLogger(__name__)


def evaluate(
    predict: Predict,
    likelihood: Likelihood,
    train: pd.DataFrame,
    test: pd.DataFrame,
    recipe: Recipe,
    history: Sequence[Mapping[str, float]],
    folder: Path,
    progress: Progress,
    chosen_epoch: int | None = None,
    limits: Mapping[str, Any] | None = None,
    device: str = "cpu",
    unknown: UnknownShares | None = None,
    of_model: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Write scores, hypotheses, examples and plots to `folder`, and return the facts for reports.

    `predict` answers as a served model does, on `device`; `train` and `test` have columns source and target; `history`
    and `chosen_epoch`, of the training, are only plotted; `limits` are facts to add; `unknown` makes slices by the
    unknown tokens of a source; `of_model` are checks of the model beside its answers. The files hold neither time nor
    speed, so they are the same bytes for the same model; the speed is in the facts.

    Raises:
        UserError: there are no test rows.
    """
    if test.empty:
        raise UserError("the test split has no rows: give corpus.test, or raise corpus.test_share, and run again")
    evaluator, held_out = evaluator_of(recipe.task), EvalSet.of(test, recipe.corpus.target_language)
    _warn_of_spaceless_script(recipe, held_out.language)
    with_linear = recipe.evaluation.linear_baseline
    everything = SystemAnswers.of(evaluator, predict, train, held_out, progress, with_linear, device)
    rows_of = CleanRows.of(recipe, held_out.sources, chunks_of(train))
    _warn_of_contamination(recipe, rows_of)
    answers = everything.only(rows_of.headline)
    scores = {name: evaluator.scores(replies, answers.test) for name, replies in answers.systems.items()}
    shown = rows_of.shown(evaluator, everything.of_model, held_out)
    merits = evaluator.merits(answers.of_model, answers.test)
    examples = choose_examples(*shown, merits, recipe.evaluation.examples)
    rows, budget = len(answers.test.sources), evaluator.baseline_bounds(train) if with_linear else {}
    ask, unseen = of_rows(predict, rows_of.headline), everything.only(rows_of.clean)
    checks = check_answers(recipe, evaluator, ask, answers, unseen, train, device, progress) | dict(of_model or {})
    facts = {
        "task": recipe.task,
        "metric": metric_of_recipe(recipe).name,
        "metrics": _metrics(scores, {**evaluator.of_likelihood(likelihood), **metrics_of(checks)}),
        **_uncertainty(evaluator, answers, train, metric_of_recipe(recipe).name, unknown),
        "signatures": {name: score.signature for name, score in scores[MODEL].items()} | signatures_of(checks),
        "rows": rows,
        "contamination": rows_of.facts(evaluator, everything.of_model, everything.test),
        "examples": [asdict(example) for example in examples],
        "truncated": sum(answers.of_model.get(TRUNCATED, ())),
        **({"baseline_bounds": budget} if budget else {}),
        **checks,
        **(limits or {}),
        **evaluator.facts(answers.of_model, answers.test),
    }
    counts = {"tokens": likelihood.tokens, "train_rows": len(train), "language": held_out.language}
    write_tables(folder, evaluator, everything, rows_of, {**facts, **counts}, examples)
    draw(folder / FIGURES_FOLDER, evaluator, answers, scores)
    if history:
        loss_curves(history, evaluator.kind, folder / FIGURES_FOLDER / "loss.png", chosen_epoch)
    return {**facts, **_speed(answers.cost, len(held_out.sources))}


def _speed(cost: ResourceCost, rows: int) -> dict[str, Any]:
    """Return the time and cost of decoding `rows`."""
    return {
        "seconds_decoding": round(cost.seconds, 4),
        "sentences_per_second": round(rows / max(cost.seconds, 1e-9), 4),
        "cost": {"rows": rows, **cost.as_json()},
    }


def _warn_of_spaceless_script(recipe: Recipe, language: str) -> None:
    """Warn if the targets are in a script without spaces and the recipe names another language."""
    given, tokenized_as = recipe.corpus.target_language, language_of(language)
    if evaluator_of(recipe.task).kind.answer == "label" or tokenized_as is None or has_spaces(tokenized_as.script):
        return
    if tokenized_as != language_of(given):
        logger.warning(
            "corpus.target_language is %s and the test targets are written in %s, which puts no spaces between words: "
            "scores go by its characters; set it to the language of the targets",
            given or "empty",
            script_name(tokenized_as.script),
        )


def _warn_of_contamination(recipe: Recipe, rows_of: CleanRows) -> None:
    """Warn if test rows stand in training and count all the same, for want of clean ones."""
    if rows_of.contaminated and rows_of.counted != rows_of.wanted and not recipe.corpus.overfit:
        logger.warning(
            "%d of the %d test rows stand in the training text, and the others are fewer than %d: all count, and the "
            "scores promise too much; give more text in corpus.test, or raise corpus.test_share",
            len(rows_of.contaminated),
            len(rows_of.kinds),
            CLEAN_ROWS,
        )


def _uncertainty(
    evaluator: Evaluator, answers: SystemAnswers, train: pd.DataFrame, metric: str, unknown: UnknownShares | None
) -> dict[str, Any]:
    """Return the 95 % confidence interval of each metric, and the recipe's metric on each slice."""
    counts = {name: evaluator.count(name, answers.of_model, answers.test) for name in evaluator.kind.judged}
    parts = [*evaluator.slices(answers.test), *evaluator.rare_words(answers.test, chunks_of(train))]
    parts += unknown_share_slices(unknown(answers.test.sources)) if unknown else []
    slices = [
        {
            "slice": part.name,
            "by": part.by,
            "rows": len(part.rows),
            metric: round(counts[metric].of(part.rows), KEPT_PLACES),
        }
        for part in parts
    ]
    intervals = {name: [round(end, KEPT_PLACES) for end in confidence_interval(each)] for name, each in counts.items()}
    return {"intervals": intervals, "slices": slices}


def _metrics(scores: Mapping[str, Mapping[str, Score]], likelihood: Mapping[str, float]) -> dict[str, float]:
    """Return scores by their names in MLflow: test/… for the model, baseline/SYSTEM/… for the baselines."""
    metrics = {f"test/{name}": value for name, value in likelihood.items()}
    for system, of_system in scores.items():
        prefix = "test" if system == MODEL else f"baseline/{system}"
        metrics |= {f"{prefix}/{name}": score.value for name, score in of_system.items()}
    return {name: round(value, KEPT_PLACES) for name, value in sorted(metrics.items())}


def evaluate_checkpoint(
    recipe: Recipe,
    corpus: Path,
    dataset: Path,
    training: Manifest,
    folder: Path,
    progress: Progress,
    other_corpora: Sequence[Path] = (),
) -> dict[str, Any]:
    """Decode and score the test split with a checkpoint and the baselines; write `evaluate`'s files to `folder`.

    The members of an ensemble learned from `other_corpora`, too: their training rows count as the model's.
    """
    train = pd.concat([read_split(each, "train") for each in (corpus, *other_corpora)], ignore_index=True)
    generator = read_generator(training.path)
    device = choose_device(recipe.training.device)
    generator.backend.move(device)
    rows = validation_rows(recipe, corpus)
    if other_corpora:  # what is a validation row of one member may be a training row of another
        rows = rows.only(CleanRows.of(recipe, rows.sources, chunks_of(train)).clean)
    generator.confidence = confidence_of(recipe, evaluator_of(recipe.task), generator, rows, progress)
    if generator.confidence:
        write_confidence(generator.confidence, folder)
    test = open_batches(recipe, dataset, "test")

    def predict(texts: Sequence[str], numbers: Sequence[int]) -> Replies:
        return generator.reply(texts, recipe.decoding, numbers)

    limits: dict[str, Any] = {}
    canaries = canaries_of(recipe.corpus)
    if application_of(recipe.task).answer == "text":
        limits = limit_facts(generator.limit, generator.max_answer_tokens(recipe.decoding), dataset)
    facts = evaluate(
        predict,
        likelihood(generator.model, test.in_order()),
        train,
        with_recipe_columns(recipe, read_split(corpus, "test"), corpus),
        recipe,
        read_history(training.path) if training.stage == TRAINING.name else [],
        folder,
        progress,
        chosen_epoch=training.facts.get("best_epoch"),
        limits=limits,
        device=device.type,
        unknown=partial(unknown_shares, generator.source),
        of_model={
            WORD_VECTORS: word_vectors(generator, dataset, recipe.evaluation),
            **({EXPOSURE: exposure(generator, canaries)} if canaries else {}),
        },
    )
    write_json(folder / ATTENTION_FILE, [asdict(each) for each in _explanations(generator, facts["examples"])])
    return facts


def _explanations(generator: Generator, examples: Sequence[Mapping[str, str]]) -> Iterator[Explanation]:
    """Explain the answers to a few examples that are short enough for a map, where that is cheap."""
    cheap = generator.backend.has_encoder and not generator.frame_width and is_cheap(generator)
    sources = [
        each["source"] for each in examples if cheap and 0 < len(generator.encode([each["source"]])[0]) <= _MAPPED
    ]
    for source in sources[:_MAPS]:
        yield explain(generator, source)


def validate_checkpoint(
    recipe: Recipe, corpus: Path, training: Manifest, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Decode the validation split and write its scores, for choosing among models.

    The score of the chosen model on the test split is then unbiased.
    """
    generator, evaluator = read_generator(training.path), evaluator_of(recipe.task)
    generator.backend.move(choose_device(recipe.training.device))
    rows = EvalSet.of(read_split(corpus, "validation"), recipe.corpus.target_language)
    progress(0, len(rows.sources), "rows", "decoding the validation split")
    replies = generator.reply(rows.sources, recipe.decoding)
    counts = {name: evaluator.count(name, replies, rows) for name in evaluator.kind.judged}
    facts = {
        "task": recipe.task,
        "metrics": {f"validation/{name}": round(each.value, KEPT_PLACES) for name, each in counts.items()},
        "intervals": {
            name: [round(end, KEPT_PLACES) for end in confidence_interval(each)] for name, each in counts.items()
        },
        "rows": len(rows.sources),
    }
    write_json(folder / SCORES_FILE, facts)
    progress(len(rows.sources), len(rows.sources), "rows", "decoding the validation split")
    return facts
