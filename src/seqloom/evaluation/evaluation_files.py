"""The files of an evaluation: scores, examples, a row for each test row, and plots."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from seqloom.decoding.answers import TRUNCATED
from seqloom.decoding.confidence import CONFIDENCE
from seqloom.evaluation import CONFIDENCE_PLOT, EXAMPLES_FILE, HYPOTHESES_FILE, SCORES_FILE
from seqloom.evaluation.applications.evaluator import Evaluator
from seqloom.evaluation.clean_rows import IN_TRAINING, CleanRows
from seqloom.evaluation.examples import Example
from seqloom.evaluation.plots import score_bars
from seqloom.evaluation.reliability_diagram import draw_reliability
from seqloom.evaluation.sacrebleu_scores import Score
from seqloom.evaluation.system_answers import SystemAnswers
from seqloom.evaluation.test_slices import COLUMN_PREFIX


def write_tables(
    folder: Path,
    evaluator: Evaluator,
    answers: SystemAnswers,
    rows_of: CleanRows,
    scores: Mapping[str, Any],
    examples: Sequence[Example],
) -> None:
    """Write scores, examples, and a table with one row for each test row."""
    write_json(folder / SCORES_FILE, {name: value for name, value in scores.items() if name != "examples"})
    write_json(folder / EXAMPLES_FILE, [asdict(example) for example in examples])
    table = {
        "source": answers.test.sources,
        "reference": answers.test.references,
        **({"origin": answers.test.origins} if answers.test.origins else {}),
        **({"source_name": answers.test.source_names} if answers.test.source_names else {}),
        **{f"{COLUMN_PREFIX}{name}": values for name, values in answers.test.columns.items()},
        "hypothesis": answers.of_model["prediction"],
        **{name: answers.systems[name]["prediction"] for name in evaluator.kind.baselines if name in answers.systems},
        **{name: answers.of_model[name] for name in (TRUNCATED, CONFIDENCE) if name in answers.of_model},
        IN_TRAINING: rows_of.kinds,
        **evaluator.by_row(answers.of_model, answers.test),
    }
    pd.DataFrame(table).to_parquet(folder / HYPOTHESES_FILE, index=False)


def draw(folder: Path, evaluator: Evaluator, answers: SystemAnswers, scores: Mapping[str, Mapping[str, Score]]) -> None:
    """Draw the scores of all systems, the plots of the application, and the reliability of the confidence."""
    values = {system: {name: score.value for name, score in each.items()} for system, each in scores.items()}
    score_bars(values, evaluator.kind, folder / "scores.png")
    evaluator.draw(folder, answers.systems, answers.test)
    if CONFIDENCE in answers.of_model:
        right = evaluator.acceptable(answers.of_model, answers.test)
        axes = ("confidence", f"share of answers that {evaluator.kind.acceptable_words}")
        draw_reliability(answers.of_model[CONFIDENCE], right, *axes, folder / CONFIDENCE_PLOT)


def write_json(path: Path, value: object) -> None:
    """Write a value; NaN, which JSON does not have, is an error."""
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
