"""The report of a training's corpus, logged with its run, with the drift against the champion's corpus."""

import logging
from pathlib import Path

from mlflow import MlflowClient

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.applications import application_of
from seqloom.recipe.schema import Recipe
from seqloom.registry.lineage import newest_version
from seqloom.registry.training_corpus import training_corpus
from seqloom.registry.versions import CHAMPION, aliases_of
from seqloom.reports.corpus_drift import DRIFT_LIMITS, Drift, DriftLimits, drift_of
from seqloom.reports.corpus_report import corpus_report

CORPUS_REPORT = "report/corpus.html"  # artifact of the run

logger = logging.getLogger(__name__)


def log_corpus_report(client: MlflowClient, recipe: Recipe, run_id: str, corpus: Manifest, home: Path) -> None:
    """Log the report; a large drift is a warning in the log, too."""
    labeled = application_of(recipe.task).answer == "label"
    drift = champion_drift(client, recipe, corpus, home)
    for sentence in drift.warnings if drift else ():
        logger.warning("the corpus has drifted from that of %s: %s", drift.champion if drift else "", sentence)
    client.log_text(run_id, corpus_report(corpus.path, f"Corpus of {recipe.name}", labeled, drift), CORPUS_REPORT)


def champion_drift(
    client: MlflowClient, recipe: Recipe, corpus: Manifest, home: Path, limits: DriftLimits = DRIFT_LIMITS
) -> Drift | None:
    """Compare with the champion's corpus, if that is another and still on this machine."""
    if newest_version(client, recipe.name) is None:
        return None
    champion = aliases_of(client, recipe.name).get(CHAMPION)
    if champion is None:
        return None
    before = training_corpus(f"models:/{recipe.name}/{champion}", home)
    if before is None or before == corpus.path:
        return None
    labeled = application_of(recipe.task).answer == "label"
    return drift_of(before, corpus.path, f"version {champion}", labeled, limits)
