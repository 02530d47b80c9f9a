"""Overhead of orchestration: `seqloom train` against the same stages called as plain functions in one process.

Both make a champion of the demo, cut short, in a home of their own, and take turns: with the same folders, the same
MLflow, the card, and the gate with its smoke test in a fresh process. Until 24 November 2026 the functions left out
card and gate, so that the ratio counted their seconds as Prefect's. What the flow does besides is orchestration: it
starts Prefect's server on a new database, keeps task runs, artifacts and logs, follows progress. A third turn is the
flow again, with nothing left to do.
"""

import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.paths import HOME, ROOT
from bench.row import Row
from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import CORPUS, DATASET, EVALUATION, REGISTRY, TRAINING, VECTORS, VOCABULARY
from seqloom.corpus.sources import locate
from seqloom.progress import unwatched
from seqloom.recipe.recipe_loader import load_recipe
from seqloom.registry.run_plan import digest_of_sources

RECIPE = ROOT / "recipes" / "demo.yaml"
SHORTER = "training.epochs=4"
SECONDS, SHARE = 15.0, 0.05  # that the flow may take more, together
CACHED = 15.0  # seconds


def measure(rounds: int) -> list[Row]:
    """Measure the medians of `rounds` turns."""
    flow, plain, cached = ([] for _ in range(3))
    for _ in range(rounds):
        with TemporaryDirectory(dir=HOME) as home:
            command = [sys.executable, "-m", "seqloom.cli.main", "train", str(RECIPE), "-o", SHORTER, "--json"]
            flow.append(_seconds(command, Path(home)))
            cached.append(_seconds(command, Path(home)))
        with TemporaryDirectory(dir=HOME) as home:
            plain.append(_seconds([sys.executable, "-m", "bench.orchestration_overhead"], Path(home)))
    ours, theirs, again = median(flow), median(plain), median(cached)
    goal = 1 + SHARE + SECONDS / theirs
    return [
        Row(
            "a short demo under the flow", f"{ours:.1f} s", f"{theirs:.1f} s, as functions", ours / theirs, goal, "less"
        ),
        Row("the same with nothing to do", f"{again:.1f} s", f"{CACHED:g} s, the goal", again / CACHED, 1.0, "less"),
    ]


def _seconds(command: list[str], home: Path) -> float:
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "MLFLOW_"))}
    environment = {**ours, "SEQLOOM_HOME": str(home), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    started = time.monotonic()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    return time.monotonic() - started


def _train_as_functions(home: Path) -> None:
    """Run every stage in order, each in its folder of the store."""
    from seqloom.corpus.stage import build_corpus
    from seqloom.dataset.stage import encode_corpus
    from seqloom.evaluation.stage import evaluate_checkpoint
    from seqloom.pipeline import TrainingInputs
    from seqloom.recipe.adaptive_defaults import adapt
    from seqloom.registry.gate_runner import GateDecision, judge_version, keep_evidence, settle
    from seqloom.registry.metric_logger import MetricLogger
    from seqloom.registry.mlflow_runs import FlowRun, log_facts, log_results, open_run
    from seqloom.registry.mlflow_tracking import connect
    from seqloom.registry.model_card import write_card
    from seqloom.registry.system_metrics import system_metrics
    from seqloom.registry.versions import register_version
    from seqloom.training.stage import train_model
    from seqloom.vectors.stage import build_vectors
    from seqloom.vocabulary.stage import build_vocabulary

    recipe, store = load_recipe(RECIPE, [SHORTER]), Store(home)
    sources = locate(recipe.corpus, home)
    corpus = store.build(
        "corpus",
        CORPUS.key(recipe, [digest_of_sources(sources)]),
        lambda folder: build_corpus(recipe.corpus, sources, folder, unwatched),
    )
    recipe = adapt(recipe, corpus.facts).recipe
    vocabulary = store.build(
        "vocabulary",
        VOCABULARY.key(recipe, [corpus.digest]),
        lambda folder: build_vocabulary(recipe.vocabulary, corpus.path, folder, unwatched),
    )
    shared, both = recipe.vocabulary.shared, [corpus.digest, vocabulary.digest]
    vectors = store.build(
        "vectors",
        VECTORS.key(recipe, both),
        lambda folder: build_vectors(recipe.vectors, shared, corpus.path, vocabulary.path, folder, unwatched),
    )
    dataset = store.build(
        "dataset",
        DATASET.key(recipe, both),
        lambda folder: encode_corpus(corpus.path, vocabulary.path, folder, unwatched),
    )
    made = TrainingInputs(recipe, corpus, vocabulary, vectors, dataset)
    key = TRAINING.key(recipe, made.digests)
    workspace = store.workspace("training", key)
    client = connect(home)
    run_id = open_run(client, recipe, key, FlowRun("none", "as functions"), corpus, home)
    with MetricLogger(client, run_id) as log, system_metrics(run_id, log):
        training = store.build(
            "training",
            key,
            lambda folder: train_model(made.job(workspace, folder), log, unwatched),
        )
    evaluation = store.build(
        "evaluation",
        EVALUATION.key(recipe, [corpus.digest, dataset.digest, training.digest]),
        lambda folder: evaluate_checkpoint(recipe, corpus.path, dataset.path, training, folder, unwatched),
    )
    log_facts(client, run_id, (corpus, vocabulary, vectors, dataset, training, evaluation))
    log_results(client, run_id, evaluation)
    key = REGISTRY.key(recipe, [training.digest, evaluation.digest])
    version = register_version(client, recipe, run_id, key, training.path, evaluation)
    client.set_terminated(run_id, "FINISHED")
    stages = (corpus, vocabulary, vectors, dataset, training, evaluation)
    write_card(client, recipe, {manifest.stage: manifest for manifest in stages}, version)
    verdict = judge_version(client, recipe, corpus.path, evaluation, version, key, home, unwatched)
    keep_evidence(client, verdict, run_id)
    settle(client, verdict, GateDecision(True), "functions", home)


if __name__ == "__main__":
    _train_as_functions(Path(os.environ["SEQLOOM_HOME"]))
