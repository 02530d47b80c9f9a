"""The evaluation stage: answers to the test split, their scores beside the baselines', and the figures.

The evaluation stage: a checkpoint and the test split to scores, hypotheses and pictures.
"""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from seqloom.artifact.manifest import Manifest
from seqloom.corpus.corpus_files import read_split
from seqloom.dataset.batch_factory import open_batches
from seqloom.decoding.generator import TRUNCATED, one_below_the_other
from seqloom.decoding.load import read_generator
from seqloom.errors import UserError
from seqloom.evaluation.answer_limits import limit_facts
from seqloom.evaluation.applications.evaluator import EvalSet, Evaluator, Replies
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.evaluation.evaluation_files import EXAMPLES_FILE, FIGURES_FOLDER, HYPOTHESES_FILE, SCORES_FILE
from seqloom.evaluation.examples import Example, choose_examples
from seqloom.evaluation.likelihood import Likelihood, likelihood
from seqloom.evaluation.plot_style import MODEL
from seqloom.evaluation.plots import loss_curves, score_bars
from seqloom.evaluation.scores import Score
from seqloom.evaluation.significance import interval
from seqloom.evaluation.unicode_scripts import has_spaces, script_name
from seqloom.progress import Progress
from seqloom.recipe.applications import application_of, metric_of_recipe
from seqloom.recipe.languages import language_of
from seqloom.recipe.metric import KEPT_PLACES
from seqloom.recipe.schema import Recipe
from seqloom.training.device import choose_device
from seqloom.training.history import read_history

ROWS_AT_ONCE = 256  # decoded between two moves of the progress bar

logger = logging.getLogger(__name__)

Ask = Callable[[Sequence[str], Sequence[int]], Replies]
"""Texts and their numbers, from which what is drawn for each follows, to answers by column."""


@dataclass(frozen=True)
class _Answers:
    """The test split, and what each system makes of it."""

    test: EvalSet
    systems: Mapping[str, Replies]  # the model, then the baselines
    seconds: float  # the model took

    @property
    def ours(self) -> Replies:
        """The model's."""
        return self.systems[MODEL]


def evaluate(
    ask: Ask,
    likelihood: Likelihood,
    train: pd.DataFrame,
    test: pd.DataFrame,
    recipe: Recipe,
    history: Sequence[Mapping[str, float]],
    folder: Path,
    progress: Progress,
    chosen_epoch: int | None = None,
    limits: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Fill `folder` with scores, hypotheses, examples and figures, and return the facts that people are shown.

    `ask` answers texts by column, as a served model does; `train` and `test` have columns source and target; `history`
    and `chosen_epoch` are the training's, and only drawn; `limits` are facts that are told with the others. What is
    written holds no time of day and no speed, so it is the same bytes for the same model; the speed is in the facts.

    Raises:
        UserError: there are no test rows.
    """
    if test.empty:
        raise UserError("the test split has no rows: give corpus.test, or raise corpus.test_share, and run again")
    judge, held_out = evaluator_of(recipe.task), EvalSet.of(test, recipe.corpus.target_language)
    _tell_how_it_is_cut(recipe, held_out.language)
    linear = recipe.evaluation.linear_baseline
    answers = _answer(judge, ask, train, held_out, progress, linear)
    scores = {name: judge.scores(replies, answers.test) for name, replies in answers.systems.items()}
    shown, merits = judge.shown(answers.ours, answers.test), judge.merits(answers.ours, answers.test)
    examples = choose_examples(*shown, merits, recipe.evaluation.examples)
    rows, bounds = len(answers.test.sources), judge.baseline_bounds(train) if linear else {}
    facts = {
        "task": recipe.task,
        "metrics": _metrics(scores, judge.of_likelihood(likelihood)),
        **_uncertainty(judge, answers, metric_of_recipe(recipe).name),
        "signatures": {name: score.signature for name, score in scores[MODEL].items()},
        "rows": rows,
        "examples": [asdict(example) for example in examples],
        "truncated": sum(answers.ours.get(TRUNCATED, ())),
        **({"baseline_bounds": bounds} if bounds else {}),
        **(limits or {}),
        **judge.facts(answers.ours, answers.test),
    }
    counts = {"tokens": likelihood.tokens, "train_rows": len(train), "language": held_out.language}
    _write_tables(folder, judge, answers, {**facts, **counts}, examples)
    _draw(folder / FIGURES_FOLDER, judge, answers, scores)
    if history:
        loss_curves(history, judge.kind, folder / FIGURES_FOLDER / "loss.png", chosen_epoch)
    speed = round(rows / max(answers.seconds, 1e-9), 4)
    return {**facts, "seconds_decoding": round(answers.seconds, 4), "sentences_per_second": speed}


def _tell_how_it_is_cut(recipe: Recipe, language: str) -> None:
    """Where the recipe does not say that the targets are in a script without spaces, and they are."""
    given, cut_as = recipe.corpus.target_language, language_of(language)
    if evaluator_of(recipe.task).kind.answer == "label" or cut_as is None or has_spaces(cut_as.script):
        return
    if cut_as != language_of(given):
        logger.warning(
            "corpus.target_language is %s and the test targets are written in %s, which puts no spaces between words: "
            "scores go by its characters; set it to the language of the targets",
            given or "empty",
            script_name(cut_as.script),
        )


def _answer(
    judge: Evaluator, ask: Ask, train: pd.DataFrame, test: EvalSet, progress: Progress, linear: bool
) -> _Answers:
    """Put the test sources to the model and to the baselines."""
    started = time.monotonic()
    replies = _decode(ask, test.sources, progress)
    seconds = time.monotonic() - started
    baselines = judge.baselines if linear else judge.cheap_baselines
    return _Answers(test, {MODEL: replies, **baselines(train, test, progress)}, seconds)


def _decode(ask: Ask, sources: Sequence[str], progress: Progress) -> Replies:
    def pieces() -> Iterator[Replies]:
        for start in range(0, len(sources), ROWS_AT_ONCE):
            asked = sources[start : start + ROWS_AT_ONCE]
            yield ask(asked, range(start, start + len(asked)))
            progress(start + len(asked), len(sources), "rows", "decoding the test split")

    replies = one_below_the_other(pieces())
    assert len(replies["prediction"]) == len(sources), "one answer per source"
    return replies


def _uncertainty(judge: Evaluator, answers: _Answers, metric: str) -> dict[str, Any]:
    """Where 95 % of the scores of resampled rows lie, and the metric of each slice."""
    counts = {name: judge.count(name, answers.ours, answers.test) for name in judge.kind.judged}
    slices = [
        {
            "slice": part.name,
            "by": part.by,
            "rows": len(part.rows),
            metric: round(counts[metric].of(part.rows), KEPT_PLACES),
        }
        for part in judge.slices(answers.test)
    ]
    intervals = {name: [round(end, KEPT_PLACES) for end in interval(each)] for name, each in counts.items()}
    return {"intervals": intervals, "slices": slices}


def _metrics(scores: Mapping[str, Mapping[str, Score]], likelihood: Mapping[str, float]) -> dict[str, float]:
    """Names as MLflow shows them: test/… of the model, baseline/…/… of the others."""
    metrics = {f"test/{name}": value for name, value in likelihood.items()}
    for system, of_system in scores.items():
        prefix = "test" if system == MODEL else f"baseline/{system}"
        metrics |= {f"{prefix}/{name}": score.value for name, score in of_system.items()}
    return {name: round(value, KEPT_PLACES) for name, value in sorted(metrics.items())}


def _write_tables(
    folder: Path, judge: Evaluator, answers: _Answers, scores: Mapping[str, Any], examples: Sequence[Example]
) -> None:
    """Write scores, examples, and one row per test row: for whoever asks why."""
    _write_json(folder / SCORES_FILE, {name: value for name, value in scores.items() if name != "examples"})
    _write_json(folder / EXAMPLES_FILE, [asdict(example) for example in examples])
    table = {
        "source": answers.test.sources,
        "reference": answers.test.references,
        **({"origin": answers.test.origins} if answers.test.origins else {}),
        "hypothesis": answers.ours["prediction"],
        **{name: answers.systems[name]["prediction"] for name in judge.kind.baselines if name in answers.systems},
        **({TRUNCATED: answers.ours[TRUNCATED]} if TRUNCATED in answers.ours else {}),
        **judge.by_row(answers.ours, answers.test),
    }
    pd.DataFrame(table).to_parquet(folder / HYPOTHESES_FILE, index=False)


def _draw(folder: Path, judge: Evaluator, answers: _Answers, scores: Mapping[str, Mapping[str, Score]]) -> None:
    values = {system: {name: score.value for name, score in each.items()} for system, each in scores.items()}
    score_bars(values, judge.kind, folder / "scores.png")
    judge.draw(folder, answers.systems, answers.test)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def evaluate_checkpoint(
    recipe: Recipe, corpus: Path, batches: Path, training: Manifest, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Decode and score the test split beside the baselines, and write everything to `folder`."""
    generator = read_generator(training.path)
    generator.model.to(choose_device(recipe.training.device))
    test = open_batches(recipe, batches, "test")

    def ask(texts: Sequence[str], numbers: Sequence[int]) -> Replies:
        return generator.columns(generator.answer(texts, recipe.decoding, numbers))

    limits: dict[str, Any] = {}
    if application_of(recipe.task).answer == "text":
        limits = limit_facts(generator.limit, generator.most_tokens(recipe.decoding), batches)
    return evaluate(
        ask,
        likelihood(generator.model, test.in_order()),
        read_split(corpus, "train"),
        read_split(corpus, "test"),
        recipe,
        read_history(training.path),
        folder,
        progress,
        chosen_epoch=training.facts["best_epoch"],
        limits=limits,
    )


def validate_checkpoint(
    recipe: Recipe, corpus: Path, training: Manifest, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Score the validation split as the test split is scored, decoding included, by what may judge a version.

    Whoever chooses among models chooses by this, for the test split can judge fairly only what it did not choose.
    """
    generator, judge = read_generator(training.path), evaluator_of(recipe.task)
    generator.model.to(choose_device(recipe.training.device))
    rows = EvalSet.of(read_split(corpus, "validation"), recipe.corpus.target_language)
    progress(0, len(rows.sources), "rows", "decoding the validation split")
    replies = generator.columns(generator.answer(rows.sources, recipe.decoding))
    counts = {name: judge.count(name, replies, rows) for name in judge.kind.judged}
    facts = {
        "task": recipe.task,
        "metrics": {f"validation/{name}": round(each.figure, KEPT_PLACES) for name, each in counts.items()},
        "intervals": {name: [round(end, KEPT_PLACES) for end in interval(each)] for name, each in counts.items()},
        "rows": len(rows.sources),
    }
    (folder / SCORES_FILE).write_text(json.dumps(facts, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    progress(len(rows.sources), len(rows.sources), "rows", "decoding the validation split")
    return facts
