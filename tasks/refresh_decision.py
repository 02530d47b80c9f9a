"""Prefect tasks of a refresh: whether the corpus changed enough to train again, and the event that starts it."""

from collections.abc import Sequence
from dataclasses import dataclass

from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import CORPUS
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.corpus.corpus_diff import Change, Pair, compare_corpora
from seqloom.recipe.schema import Recipe
from seqloom.registry.corpus_reports import champion_drift
from seqloom.registry.integrity import uri_of
from seqloom.registry.lineage import newest_version, stages_of_version
from seqloom.registry.mlflow_tracking import connect
from seqloom.reports.corpus_drift import DriftLimits
from tasks.pages import markdown
from tasks.prefect_client import call_prefect
from tasks.run_names import artifact_key
from tasks.stage_runner import patient_task, stage_task

CHANGED = "seqloom.corpus.changed"  # the event that prefect.yaml's trigger waits for


@dataclass(frozen=True)
class RefreshDecision:
    """The decision to train or not, with its reason."""

    train: bool
    why: str
    change: Change | None = None  # where two corpora were compared
    warnings: tuple[str, ...] = ()  # a sentence for each large shift from the champion's corpus
    held: bool = False  # enough changed, and a large shift stops the training


@patient_task(name="decide", task_run_name="decide · {recipe.name}")
def decide(recipe: Recipe, corpus: Manifest, share: float, limits: DriftLimits, stops: bool) -> RefreshDecision:
    """Compare the corpus with that of the newest version and, if a training is due, with the champion's.

    A shift from the champion's corpus that exceeds `limits` is a warning, or where it `stops` holds the training back.

    The corpus of a version is recorded in MLflow alone: the record survives restarts, is the same on every machine, and
    is unchanged by a training that failed, so that the next refresh starts another.
    """
    home = home_folder()
    client = connect(home)
    version = newest_version(client, recipe.name)
    if version is None:
        return RefreshDecision(True, f"there is no version of {recipe.name} yet")
    uri, digest = uri_of(version), stages_of_version(client, version).get(CORPUS.name, "")
    if digest and corpus.digest.startswith(digest):
        return RefreshDecision(False, f"the corpus is the one that {uri} was trained on")
    before = Store(home).find_by_digest(CORPUS.name, digest)
    if before is None:
        return RefreshDecision(True, f"the corpus of {uri} is not in this store, so nobody can tell what changed")
    change = compare_corpora(before.path, corpus.path)
    more = change.share > share
    why = (
        f"rows since {uri}: {change.added:,} came and {change.removed:,} went, {change.share:.1%} of all; "
        f"that is {'more' if more else 'no more'} than {share:.1%}"
    )
    drift = champion_drift(client, recipe, corpus, home, limits) if more else None
    warnings = tuple(drift.warnings) if drift else ()
    if drift and warnings:
        why += f"; the corpus has drifted from that of {drift.champion}: {' '.join(warnings)}"
    held = stops and bool(warnings)
    return RefreshDecision(more and not held, why, change, warnings, held)


@stage_task(name="tell", task_run_name="tell · {recipe.name}")
def announce(recipe: Recipe, recipe_file: str, override: Sequence[str], decision: RefreshDecision) -> None:
    """Leave a page in Prefect's UI, and emit the event that starts a training if one is due."""
    verdict = "training starts" if decision.train else "held back" if decision.held else "nothing to train"
    page = f"## {recipe.name}: {verdict}\n\n{decision.why}\n"
    if decision.held:
        page += (
            "\nNothing is trained until somebody has looked: train by hand, or run refresh with drift: warn or other "
            "limits.\n"
        )
    if decision.change:
        page += _examples("came", decision.change.added_examples)
        page += _examples("went", decision.change.removed_examples)
    key, line = artifact_key(recipe, "refresh"), f"{verdict}: {decision.why}"
    call_prefect("the page", lambda: create_markdown_artifact(page, key=key, description=line))
    if decision.train:
        emit_event(
            CHANGED,
            resource={"prefect.resource.id": f"seqloom.corpus.{recipe.name}", "prefect.resource.name": recipe.name},
            payload={"recipe_file": recipe_file, "override": list(override), "why": decision.why},
        )


def _examples(change: str, pairs: Sequence[Pair]) -> str:
    if not pairs:
        return ""
    entries = [{"source": source, "target": target} for source, target in pairs]
    return f"\nRows that {change}, some of them:\n\n{markdown.lines(entries)}"
