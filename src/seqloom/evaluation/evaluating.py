"""The evaluation stage: answers to the test split, their scores beside the baselines', and the figures."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from seqloom.evaluation.baselines import copy_baseline, nearest_baseline
from seqloom.evaluation.canvas import COPY, MODEL, NEAREST
from seqloom.evaluation.comparing import count, interval
from seqloom.evaluation.examples import Example, choose_examples
from seqloom.evaluation.figures import length_histogram, length_scores, loss_curves, score_bars
from seqloom.evaluation.files import EXAMPLES_FILE, FIGURES_FOLDER, HYPOTHESES_FILE, SCORES_FILE
from seqloom.evaluation.lengths import length_buckets
from seqloom.evaluation.likelihood import Likelihood
from seqloom.evaluation.scores import METRICS, Score, sentence_chrf, text_scores
from seqloom.evaluation.slices import slices_of
from seqloom.mistake import UserMistake
from seqloom.progress import Progress
from seqloom.recipe.schema import Evaluation

ROWS_AT_ONCE = 256  # decoded between two moves of the progress bar

Generate = Callable[[Sequence[str]], list[str]]


@dataclass(frozen=True)
class _Answers:
    """The test split, and what each system makes of it."""

    sources: list[str]
    references: list[str]
    origins: list[str] | None  # the corpus file of each row
    systems: Mapping[str, list[str]]  # model, nearest, copy
    seconds: float  # the model took


def evaluate(
    generate: Generate,
    likelihood: Likelihood,
    train: pd.DataFrame,
    test: pd.DataFrame,
    section: Evaluation,
    language: str,
    history: Sequence[Mapping[str, float]],
    folder: Path,
    progress: Progress,
    chosen_epoch: int | None = None,
) -> dict[str, Any]:
    """Fill `folder` with scores, hypotheses, examples and figures, and return the facts that people are shown.

    `train` and `test` have columns source and target; `language` is the target's ISO 639 code, empty if unknown;
    `history` and `chosen_epoch` are the training's, and only drawn. What is written holds no time of day and no speed,
    so it is the same bytes for the same model; the speed is in the facts.

    Raises:
        UserMistake: there are no test rows.
    """
    if test.empty:
        raise UserMistake("the test split has no rows: give corpus.test, or raise corpus.test_share, and run again")
    answers = _answer(generate, train, test, progress)
    scores = {name: text_scores(texts, answers.references, language) for name, texts in answers.systems.items()}
    examples = choose_examples(answers.sources, answers.references, answers.systems[MODEL], section.examples)
    rows = len(answers.sources)
    facts = {
        "metrics": _metrics(scores, likelihood),
        **_uncertainty(answers, section.metric, language),
        "signatures": {name: score.signature for name, score in scores[MODEL].items()},
        "rows": rows,
        "examples": [asdict(example) for example in examples],
    }
    counts = {"tokens": likelihood.tokens, "train_rows": len(train), "language": language}
    _write_tables(folder, answers, {**facts, **counts}, examples)
    _draw(folder / FIGURES_FOLDER, answers, scores, history, chosen_epoch)
    speed = round(rows / max(answers.seconds, 1e-9), 4)
    return {**facts, "seconds_decoding": round(answers.seconds, 4), "sentences_per_second": speed}


def _answer(generate: Generate, train: pd.DataFrame, test: pd.DataFrame, progress: Progress) -> _Answers:
    """Put the test sources to the model and to both baselines."""
    sources, references = test["source"].tolist(), test["target"].tolist()
    started = time.monotonic()
    hypotheses = _decode(generate, sources, progress)
    seconds = time.monotonic() - started
    nearest = nearest_baseline(train["source"].tolist(), train["target"].tolist(), sources, progress)
    systems = {MODEL: hypotheses, NEAREST: nearest, COPY: copy_baseline(sources)}
    origins = test["origin"].astype(str).tolist() if "origin" in test else None
    return _Answers(sources, references, origins, systems, seconds)


def _decode(generate: Generate, sources: Sequence[str], progress: Progress) -> list[str]:
    hypotheses: list[str] = []
    for start in range(0, len(sources), ROWS_AT_ONCE):
        hypotheses += generate(sources[start : start + ROWS_AT_ONCE])
        progress(len(hypotheses), len(sources), "rows", "decoding the test split")
    assert len(hypotheses) == len(sources), "one answer per source"
    return hypotheses


def _uncertainty(answers: _Answers, judged_by: str, language: str) -> dict[str, Any]:
    """Where 95 % of the scores of resampled rows lie, and the metric of each slice."""
    counts = {metric: count(metric, answers.systems[MODEL], answers.references, language) for metric in METRICS}
    slices = [
        {"slice": part.name, "rows": len(part.rows), judged_by: round(counts[judged_by].of(part.rows), 4)}
        for part in slices_of(answers.sources, answers.origins)
    ]
    intervals = {metric: [round(end, 4) for end in interval(each)] for metric, each in counts.items()}
    return {"intervals": intervals, "slices": slices}


def _metrics(scores: Mapping[str, Mapping[str, Score]], likelihood: Likelihood) -> dict[str, float]:
    """Names as MLflow shows them: test/… of the model, baseline/…/… of the others."""
    metrics = {"test/perplexity": likelihood.perplexity, "test/accuracy": likelihood.accuracy}
    for system, of_system in scores.items():
        prefix = "test" if system == MODEL else f"baseline/{system}"
        metrics |= {f"{prefix}/{name}": score.value for name, score in of_system.items()}
    return {name: round(value, 4) for name, value in sorted(metrics.items())}


def _write_tables(folder: Path, answers: _Answers, scores: Mapping[str, Any], examples: Sequence[Example]) -> None:
    """Write scores, examples, and one row per test row: for whoever asks why."""
    _write_json(folder / SCORES_FILE, {name: value for name, value in scores.items() if name != "examples"})
    _write_json(folder / EXAMPLES_FILE, [asdict(example) for example in examples])
    hypotheses = answers.systems[MODEL]
    table = {
        "source": answers.sources,
        "reference": answers.references,
        "hypothesis": hypotheses,
        COPY: answers.systems[COPY],
        NEAREST: answers.systems[NEAREST],
        "chrf": sentence_chrf(hypotheses, answers.references),
    }
    pd.DataFrame(table).to_parquet(folder / HYPOTHESES_FILE, index=False)


def _draw(
    folder: Path,
    answers: _Answers,
    scores: Mapping[str, Mapping[str, Score]],
    history: Sequence[Mapping[str, float]],
    chosen_epoch: int | None,
) -> None:
    compared = {system: answers.systems[system] for system in (MODEL, NEAREST)}
    values = {system: {name: score.value for name, score in each.items()} for system, each in scores.items()}
    score_bars(values, folder / "scores.png")
    length_scores(length_buckets(answers.sources, answers.references, compared), folder / "chrf_by_length.png")
    length_histogram(answers.references, answers.systems[MODEL], folder / "lengths.png")
    if history:
        loss_curves(history, folder / "loss.png", chosen_epoch)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
