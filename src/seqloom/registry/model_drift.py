"""Drift of what a registered version is asked against the corpus it was trained on, with the limits of its recipe."""

import random
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mlflow.entities import Metric

from seqloom.corpus.corpus_files import read_split
from seqloom.decoding.generator_loader import load_generator
from seqloom.errors import UserError
from seqloom.feedback.asked_texts import read_asked
from seqloom.feedback.request_drift import DriftScore, drift_scores, score_of_numbers
from seqloom.recipe.applications import application_of
from seqloom.recipe.recipe_json import read_recipe
from seqloom.registry.checkpoint_folder import find_checkpoint
from seqloom.registry.integrity import uri_of
from seqloom.registry.mlflow_runs import takes_more
from seqloom.registry.model_uri import find_version, open_registry
from seqloom.registry.training_corpus import training_corpora

METRIC = "drift/{}"  # of the version's run
SEED = 1  # of the rows whose confidence is measured


@dataclass(frozen=True)
class ModelDrift:
    """All scores of one look at a log."""

    name: str
    model: str  # models:/NAME/VERSION
    run_id: str
    texts: int  # different ones that were asked
    days: int
    limit: float  # PSI
    needed: int  # texts
    scores: list[DriftScore]  # none of too few texts

    @property
    def moved(self) -> list[DriftScore]:
        """The scores above the limit."""
        return [score for score in self.scores if score.exceeds(self.limit)]

    @property
    def headline(self) -> str:
        """Return the outcome in one sentence."""
        asked = f"{self.texts:,} different texts of the last {self.days} days"
        if not self.scores:
            return f"{asked}: serving.drift_rows wants {self.needed:,} to compare"
        if not self.moved:
            return f"{asked}: like what {self.model} has learned from"
        what = "; ".join(
            f"{score.name} {score.index:.2f} (asked: {score.found}; learned: {score.expected})" for score in self.moved
        )
        return f"{asked} are unlike what {self.model} has learned from: {what}"

    def as_json(self) -> dict[str, Any]:
        """Return every field, what moved, and the headline."""
        return {"headline": self.headline, "moved": [score.name for score in self.moved], **asdict(self)}


def drift_of_model(model: str, log: Path, answers: int, home: Path) -> ModelDrift:
    """Compare a request log with what a version learned from; confidence on up to `answers` texts, which it answers.

    Raises:
        UserError: there is no such version or log, its corpus is not on this machine, or it learned from no sources.
    """
    if not model.startswith("models:/"):
        raise UserError(f"{model} is not a registered version, whose corpus is known; write models:/NAME@champion")
    version = find_version(model, home)
    checkpoint = find_checkpoint(model, home)
    recipe = read_recipe(checkpoint)
    serving, labeled = recipe.serving, application_of(recipe.task).answer == "label"
    if recipe.task == "generation":
        raise UserError(f"{model} makes texts up (task generation): there is no source that drifts")
    asked = read_asked(log, datetime.now(UTC) - timedelta(days=serving.drift_days))
    found = training_corpora(model, home)
    corpora = [each for each in found if each]
    if len(corpora) < len(found):
        raise UserError(
            f"{model}: a corpus it was trained on is not in {home}; run where it was trained, or train it again"
        )
    scores: list[DriftScore] = []
    if len(asked) >= serving.drift_rows:
        scores = drift_scores(asked, corpora, labeled, recipe.corpus.source_language)
        scores += _confidence(checkpoint, list(asked), corpora, answers) if answers else []
    return ModelDrift(
        version.name,
        uri_of(version),
        str(version.run_id),
        len(asked),
        serving.drift_days,
        serving.drift_limit,
        serving.drift_rows,
        scores,
    )


def _confidence(checkpoint: Path, asked: list[str], corpora: list[Path], answers: int) -> list[DriftScore]:
    """Compare how sure it is of answers to asked texts and to validation rows, from which it did not learn.

    A validation row of an ensemble's first member may be a training row of another.
    """
    generator = load_generator(checkpoint)
    generator.memory = None  # of which it is always sure
    learned = {text for each in corpora[1:] for text in read_split(each, "train")["source"]}
    held_out = [text for text in read_split(corpora[0], "validation")["source"] if text not in learned]
    samples = [_sample(texts, answers) for texts in (held_out, asked)]
    if not all(samples):
        return []
    expected, found = ([each[0] for each in generator.answer(texts, generator.decoding)] for texts in samples)
    values = [[each.score for each in answers] for answers in (expected, found)]
    if any(each.confidence is None for each in (*expected, *found)):  # a version without, or an empty text
        return [score_of_numbers("confidence", values[0], values[1], "median score {:.2f}")]
    values = [[float(each.confidence or 0.0) for each in answers] for answers in (expected, found)]
    return [score_of_numbers("confidence", values[0], values[1], "median confidence {:.2f}")]


def _sample(texts: list[str], count: int) -> list[str]:
    return random.Random(SEED).sample(texts, min(count, len(texts)))


def log_drift(drift: ModelDrift, home: Path) -> bool:
    """Log the scores as metrics of the version's run, one point more each time; return whether the run takes them."""
    client = open_registry(drift.model, home)
    if not drift.scores or not takes_more(client, drift.run_id):
        return False
    now, values = int(time.time() * 1000), {score.name: score.index for score in drift.scores}
    step = len(client.get_metric_history(drift.run_id, METRIC.format("texts")))
    points = {**values, "texts": float(drift.texts), "moved": float(len(drift.moved))}
    client.log_batch(
        drift.run_id, metrics=[Metric(METRIC.format(name), value, now, step) for name, value in points.items()]
    )
    return True
