"""The evaluation stage: a checkpoint and the test split to scores, hypotheses and pictures."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from seqloom.artifact.manifest import Manifest
from seqloom.batches.opening import open_batches
from seqloom.corpus.reading import read_split
from seqloom.decoding.reading import read_generator
from seqloom.evaluation.answer_limits import limit_facts
from seqloom.evaluation.comparing import interval
from seqloom.evaluation.evaluating import evaluate
from seqloom.evaluation.files import SCORES_FILE
from seqloom.evaluation.kinds.choosing import judge_of
from seqloom.evaluation.kinds.judge import HeldOut, Replies
from seqloom.evaluation.likelihood import likelihood
from seqloom.progress import Progress
from seqloom.recipe.kinds.choosing import kind_of
from seqloom.recipe.kinds.measure import KEPT_PLACES
from seqloom.recipe.schema import Recipe
from seqloom.training.device import choose_device
from seqloom.training.history import read_history


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
    if kind_of(recipe.task).answer == "text":
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
    generator, judge = read_generator(training.path), judge_of(recipe.task)
    generator.model.to(choose_device(recipe.training.device))
    rows = HeldOut.of(read_split(corpus, "validation"), recipe.corpus.target_language)
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
