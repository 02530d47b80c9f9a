"""One recipe in, one registered version out: the whole length, as a user runs it."""

import json
import os
import re
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from seqloom.artifact.cache_key import STAGES
from tests.flows.command_process import Fork, command
from tests.flows.conftest import RECIPE, Run, environment

ALL_STAGES = [stage.name for stage in STAGES]


@pytest.fixture(scope="session")
def mlflow_client(workplace: Path, first: dict[str, Any]) -> MlflowClient:
    assert first
    return MlflowClient(f"sqlite:///{workplace}/.seqloom/mlflow.db")


def test_the_first_version_is_champion(first: dict[str, Any]) -> None:
    assert (first["model"], first["version"], first["aliases"]) == ("phrases", 1, ["champion"])
    assert list(first["stages"]) == ALL_STAGES
    assert all(isinstance(seconds, float) for seconds in first["stages"].values())
    assert {"test/bleu", "test/chrf", "test/perplexity", "baseline/copy/chrf", "baseline/nearest/chrf"} <= set(
        first["metrics"]
    )
    assert (Path(first["checkpoint"]) / "weights.safetensors").is_file()


def test_mlflow_has_the_whole_story(first: dict[str, Any], mlflow_client: MlflowClient) -> None:
    run = mlflow_client.get_run(first["run_id"])
    assert run.info.status == "FINISHED"
    assert "is version 1 of phrases" in run.data.tags["mlflow.note.content"]
    assert run.data.params["training.learning_rate"] == "0.01"
    assert run.data.params["corpus.train"] == '["phrases.tsv"]'
    assert run.data.tags["prefect.flow_run_id"] == first["flow_run"]
    ours = {name: value for name, value in first["metrics"].items() if name.startswith("test/")}
    assert run.data.metrics.items() >= ours.items()
    for what in ("training", "thousand_answers"):
        assert run.data.metrics[f"usage/{what}/watt_hours"] > 0
    assert not [name for name in run.data.metrics if name.startswith("baseline/")], "they are in scores.json"
    assert run.info.run_name.startswith("v1 · ")
    steps = [metric.step for metric in mlflow_client.get_metric_history(first["run_id"], "loss/train")]
    assert steps == sorted(set(steps))
    assert len(mlflow_client.get_metric_history(first["run_id"], "loss/validation")) == 2
    assert {item.dataset.name for item in run.inputs.dataset_inputs} == {"train", "validation", "test"}
    artifacts = {item.path for item in mlflow_client.list_artifacts(first["run_id"], "evaluation/figures")}
    assert "evaluation/figures/loss.png" in artifacts


def test_the_same_again_does_nothing(first: dict[str, Any], seqloom: Run, mlflow_client: MlflowClient) -> None:
    """But close the run, as after a kill between the version and that."""
    mlflow_client.update_run(first["run_id"], status="RUNNING")
    again = json.loads(seqloom("train", "recipe.yaml", "--json").stdout)
    assert again["stages"] == dict.fromkeys(ALL_STAGES, "cached")
    assert (again["version"], again["run_id"]) == (1, first["run_id"])
    assert mlflow_client.get_run(first["run_id"]).info.status == "FINISHED"
    assert len(mlflow_client.search_runs([mlflow_client.get_run(first["run_id"]).info.experiment_id])) == 1


@pytest.mark.usefixtures("first")
def test_a_learning_rate_reuses_what_it_does_not_touch(seqloom: Run) -> None:
    other = json.loads(seqloom("train", "recipe.yaml", "-o", "training.learning_rate=5e-3", "--json").stdout)
    cached = [stage for stage, took in other["stages"].items() if took == "cached"]
    assert cached == ["corpus", "vocabulary", "vectors", "dataset"]
    assert (other["version"], other["aliases"], other["champion"]["version"]) == (2, ["challenger"], 1)
    difference = "(is [0-9.]+ (above|below)|equals) the champion's"
    assert re.match(rf"version 2 is refused: chrF [0-9.]+ {difference} [0-9.]+ ", other["gate"])
    assert other["verdict"] == "refused"


@pytest.mark.usefixtures("first")
def test_a_byte_of_the_corpus_reruns_all(seqloom: Run, workplace: Path) -> None:
    text = (workplace / "phrases.tsv").read_text(encoding="utf-8")
    (workplace / "changed.tsv").write_text(text.replace("horse", "house", 1), encoding="utf-8")
    plan = json.loads(seqloom("check", "recipe.yaml", "-o", "corpus.train=[changed.tsv]", "--json").stdout)["plan"]
    assert plan == dict.fromkeys(ALL_STAGES, "will run")


def predict() -> None:
    import mlflow
    import pandas as pd

    mlflow.set_tracking_uri("sqlite:///.seqloom/mlflow.db")
    model = mlflow.pyfunc.load_model("models:/phrases@champion")
    print(json.dumps(model.predict(pd.DataFrame({"source": ["the red cat", "", "a dog"]}))["prediction"].tolist()))


def test_mlflow_loads_what_the_command_line_runs(first: dict[str, Any], seqloom: Run, workplace: Path) -> None:
    done = Fork(predict, cwd=workplace, env=environment(workplace)).wait()
    generated = seqloom("generate", "models:/phrases/1", "--json", stdin=b"the red cat\n\na dog")
    assert first["version"] == 1
    assert json.loads(done.stdout) == json.loads(generated.stdout)["outputs"]


def test_the_card_and_the_evidence_lie_where_people_look(
    first: dict[str, Any], seqloom: Run, mlflow_client: MlflowClient
) -> None:
    shown = json.loads(seqloom("show", "models:/phrases/1", "--json").stdout)
    assert shown["lineage"]["code"] == mlflow_client.get_run(first["run_id"]).data.tags["mlflow.source.git.commit"]
    assert {"recipe", "corpus", "vocabulary", "vectors", "training", "evaluation", "flow_run"} <= set(shown["lineage"])
    page = mlflow_client.get_model_version("phrases", "1").description
    assert len(page) <= 5000
    assert shown["text"].startswith(page)
    for title in ("What it is for", "How to call it", "What it learned from", "How good it is", "Limits"):
        assert f"## {title}\n" in page
    assert "champion by flow run" in shown["text"]
    assert seqloom("show", "models:/phrases/1").stdout.startswith("# phrases, version 1\n")
    for folder, files in (("card", {"version-1.md", "version-1.html"}), ("gate", {"evidence.md", "evidence.html"})):
        found = {Path(item.path).name for item in mlflow_client.list_artifacts(first["run_id"], folder)}
        assert files <= found
    told = seqloom("history", "phrases").stdout
    assert "version 1 became champion by flow run" in told


@pytest.mark.usefixtures("first")
def test_a_child_goes_on_from_a_version_on_other_text(seqloom: Run, workplace: Path) -> None:
    text = (workplace / "phrases.tsv").read_text(encoding="utf-8")
    new = "".join(f"the walrus {verb}\tdas Walross {verb}\n" for verb in ("sings", "sleeps", "hears", "looks") * 3)
    (workplace / "more.tsv").write_text(text + new, encoding="utf-8")
    changes = ["name=child", "corpus.train=[more.tsv]", "training.start_from=models:/phrases@champion"]
    made = seqloom("train", "recipe.yaml", *(word for change in changes for word in ("-o", change)), "--json")
    assert made.returncode == 0, made.stderr
    outcome = json.loads(made.stdout)
    shown = json.loads(seqloom("show", "models:/child/1", "--json").stdout)
    assert shown["lineage"]["parent_version"].startswith("models:/phrases/1#sha256=")
    assert f"- parent version: `{shown['lineage']['parent_version']}`" in shown["text"]
    vocabulary = json.loads((Path(outcome["checkpoint"]) / "source.json").read_text(encoding="utf-8"))
    assert "▁walrus" in vocabulary["model"]["vocab"]
    refused = seqloom("train", "recipe.yaml", *("-o", changes[2], "-o", "model.encoder=gru"))
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[-1].endswith("model.encoder lstm and this recipe gru: set it to lstm")


def test_no_pickle_lies_with_the_model(first: dict[str, Any], workplace: Path) -> None:
    files = [path for path in (workplace / ".seqloom" / "mlflow").rglob("*") if path.is_file()]
    assert first
    assert any(path.name == "weights.safetensors" for path in files)
    begins = {b"PK", *(bytes([0x80, protocol]) for protocol in range(2, 6))}  # torch.save zips its pickle
    named = {".pkl", ".pickle", ".pt", ".bin"}
    others = [path for path in files if path.parent.name != "ctranslate2"]  # whose own format ends in .bin
    assert not [path for path in others if path.suffix in named]
    assert not [path for path in files if path.read_bytes()[:2] in begins]


def test_a_killed_training_goes_on(own_place: Path, prefect: dict[str, str]) -> None:
    """kill -9 after a checkpoint; the same command finishes, in the same MLflow run, without redoing what was saved."""
    (own_place / "recipe.yaml").write_text(RECIPE.replace("epochs: 2", "epochs: 6, patience: 6"), encoding="utf-8")
    train = ("train", "recipe.yaml", "--json")
    killed = command(*train, cwd=own_place, env=environment(own_place) | prefect)
    training = own_place / ".seqloom" / "artifacts" / "training"
    while not list(training.glob("*.work/step-*/position.json")):
        assert not killed.ended(), "ended before it was killed"
        time.sleep(0.02)
    os.killpg(killed.pid, signal.SIGKILL)
    assert killed.wait().returncode == -signal.SIGKILL
    saved = list(training.glob("*.work/step-*/position.json"))
    step = json.loads(saved[0].read_text())["step"]
    client = MlflowClient(f"sqlite:///{own_place}/.seqloom/mlflow.db")
    experiment = client.get_experiment_by_name("phrases")
    assert experiment is not None
    [left_open] = client.search_runs([experiment.experiment_id])
    assert left_open.info.status == "RUNNING"

    done = command(*train, cwd=own_place, env=environment(own_place) | prefect).wait()
    assert done.returncode == 0, done.stderr
    planned, continued = re.findall(r"training +(continues from update [0-9,]+ of [0-9,]+)", done.stderr)
    assert planned == continued
    outcome = json.loads(done.stdout)
    assert (outcome["run_id"], outcome["version"]) == (left_open.info.run_id, 1)
    steps = [metric.step for metric in client.get_metric_history(outcome["run_id"], "loss/validation")]
    assert len(steps) == len(set(steps)) == 6
    assert step in steps
    assert outcome["stages"]["corpus"] == "cached"
