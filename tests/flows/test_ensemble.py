"""Versions that answer together, as a version of their own: past the gate, with a card, and asked as any other."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient

from seqloom.artifact.artifact_store import Store
from seqloom.corpus import SPLITS
from seqloom.evaluation.stage import evaluate_checkpoint
from seqloom.progress import unwatched
from seqloom.recipe.recipe_json import read_recipe
from tests.flows.conftest import Run

pytestmark = pytest.mark.usefixtures("first")
ALONE, TOGETHER = "models:/phrases/1", "models:/together@champion"


def test_it_is_registered_judged_and_asked_as_any_version(seqloom: Run, workplace: Path, first: dict[str, Any]) -> None:
    command = ("ensemble", ALONE, ALONE, "--to", "together", "-o", "registry.price_per_hour=2", "--json")
    done = seqloom(*command)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["model"], made["version"], made["verdict"], made["aliases"]) == (
        "together",
        1,
        "champion",
        ["champion"],
    )
    for name in ("test/bleu", "test/chrf"):
        assert made["metrics"][name] == first["metrics"][name], "with itself a version answers as it does alone"
    assert set(json.loads(seqloom(*command).stdout)["stages"].values()) == {"cached"}

    card = json.loads(seqloom("show", TOGETHER, "--json").stdout)
    assert [each.partition("#")[0] for each in card["lineage"]["members"].split()] == [ALONE, ALONE]
    assert "members: 2, together " in card["text"]
    assert "one text, 95 of 100 times: " in card["text"]
    answers = [seqloom("generate", model, "the green house").stdout for model in (ALONE, TOGETHER)]
    assert answers[0] == answers[1]
    assert seqloom("verify", TOGETHER).returncode == 0
    report = Path(seqloom("report", TOGETHER).stdout.strip()).read_text(encoding="utf-8")
    assert "Ready to ship. Its gate: " in report
    assert ">Members</h2>" in report
    client = MlflowClient(f"sqlite:///{workplace}/.seqloom/mlflow.db")
    run = client.get_run(made["run_id"])
    assert "ensemble of 2" in str(run.info.run_name)
    assert ALONE in run.data.params["members"]


def test_test_rows_that_any_member_learned_from_are_found(
    workplace: Path, first: dict[str, Any], tmp_path: Path
) -> None:
    store = Store(workplace / ".seqloom")
    client = MlflowClient(f"sqlite:///{workplace}/.seqloom/mlflow.db")
    folder = Path(client.download_artifacts(first["run_id"], "stages"))
    digests = {file.stem: json.loads(file.read_text())["digest"] for file in folder.iterdir()}
    corpus, dataset, training = (
        store.find_by_digest(each, digests[each]) for each in ("corpus", "dataset", "training")
    )
    assert corpus
    assert dataset
    assert training
    other = tmp_path / "other"
    other.mkdir()
    for split in SPLITS:  # whose training rows are the test rows of the first
        pd.read_parquet(corpus.path / "test.parquet").to_parquet(other / f"{split}.parquet")
    recipe = read_recipe(training.path)
    recipe.evaluation.linear_baseline = False  # type: ignore[misc]
    (tmp_path / "made").mkdir()
    facts = evaluate_checkpoint(recipe, corpus.path, dataset.path, training, tmp_path / "made", unwatched, [other])
    assert facts["contamination"]["exact"] == facts["contamination"]["rows"]
