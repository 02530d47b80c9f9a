"""A recipe that asks for a backend for CPUs: made and judged by the run, then loaded, served and asked by others."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient

from seqloom.registry.version_backends import backends_of
from tests.flows.command_process import Fork
from tests.flows.conftest import Run, environment
from tests.registry.serving import asked, post, predictions, serving

pytest.importorskip("ctranslate2")

RECIPE = """
name: quick
corpus: {train: [phrases.tsv], source_language: en, target_language: de}
vocabulary: {kind: word, size: 400}
vectors: {width: 32, epochs: 1}
model:
  {encoder: transformer, decoder: transformer, encoder_width: 32, decoder_width: 32, heads: 2, feedforward_width: 64}
training: {epochs: 2, batch_tokens: 512, learning_rate: 0.01}
decoding: {beam_size: 1, max_length: 20}
registry: {beat_baselines: false, backend: ctranslate2}
"""
CHAMPION, BACKEND = "models:/quick@champion", "ctranslate2"
TEXTS = ["the red cat", "a big dog sleeps", "the horse"]


@pytest.fixture(scope="module")
def quick(seqloom: Run, workplace: Path, first: dict[str, Any]) -> dict[str, Any]:
    """What the training of the recipe printed, and what it told people; the stages it shares are of `first`."""
    assert first["version"] == 1
    (workplace / "quick.yaml").write_text(RECIPE, encoding="utf-8")
    done = seqloom("train", "quick.yaml", "--json")
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "told": done.stderr}


@pytest.fixture(scope="module")
def written(quick: dict[str, Any], seqloom: Run) -> list[str]:
    """What the backend says to the texts."""
    assert quick["aliases"] == ["champion"]
    outputs: list[str] = json.loads(seqloom("generate", CHAMPION, "--backend", BACKEND, *TEXTS, "--json").stdout)[
        "outputs"
    ]
    return outputs


@pytest.fixture(scope="module")
def client(workplace: Path, quick: dict[str, Any]) -> MlflowClient:
    assert quick
    return MlflowClient(f"sqlite:///{workplace}/.seqloom/mlflow.db")


def test_the_run_makes_it_judges_it_and_seals_it(quick: dict[str, Any], client: MlflowClient) -> None:
    assert "ctranslate2: " in quick["told"]
    assert quick["told"].index("ctranslate2: ") < quick["told"].index("version 1 is champion")
    version = client.get_model_version_by_alias("quick", "champion")
    assert backends_of(version) == ["torch", BACKEND]
    record = json.loads(version.tags[f"seqloom.export.{BACKEND}"])
    assert (record["passed"], record["interval"]) == (True, [0, 0]), "greedy search in float32 finds the same tokens"
    assert record["before"]["score"] == record["after"]["score"]
    files = {file.path for file in client.list_artifacts(quick["run_id"], f"gate/{BACKEND}")}
    assert files == {f"gate/{BACKEND}/{name}" for name in ("evidence.html", "evidence.md", "verdict.json")}


def test_the_same_again_makes_it_no_second_time(quick: dict[str, Any], seqloom: Run) -> None:
    again = seqloom("train", "quick.yaml", "--json")
    assert set(json.loads(again.stdout)["stages"].values()) == {"cached"}
    assert "ctranslate2: " in quick["told"]
    assert "ctranslate2: " not in again.stderr


def test_the_champion_serves_by_it(written: list[str], workplace: Path, tmp_path: Path) -> None:
    told = {
        "MLFLOW_TRACKING_URI": f"sqlite:///{workplace}/.seqloom/mlflow.db",
        "MLFLOW_PYFUNC_INFERENCE_CONFIG": json.dumps({"backend": BACKEND}),
    }
    with serving(CHAMPION, tmp_path, told) as address:
        status, answer = post(address, asked(TEXTS))
        assert (status, predictions(answer)) == (200, written)
        status, answer = post(address, asked(TEXTS, return_attention=True))
    assert status == 400, "the version itself would show its attention"
    assert "this model has no attention to return" in answer["message"]


def test_a_file_through_it(written: list[str], seqloom: Run, workplace: Path) -> None:
    (workplace / "three.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    folders = set()
    for more in ([], ["--backend", BACKEND]):
        done = seqloom("batch", CHAMPION, "three.txt", "--to", "by backend", *more, "--json")
        assert done.returncode == 0, done.stderr
        folder = workplace / json.loads(done.stdout)["folder"]
        assert pd.read_parquet(folder)["prediction"].tolist() == written
        folders.add(folder)
    assert len(folders) == 2, "answers of two engines are two outputs"
    assert json.loads((folder / "_manifest.json").read_text())["model"] == f"{CHAMPION} as {BACKEND}"


def flow_over_a_file(backend: str) -> None:
    from flows.batch_generate import batch_generate

    print(batch_generate(CHAMPION, "three.txt", "by backend", backend=backend).folder)  # type: ignore[arg-type]


def test_the_flow_and_the_command_make_the_same_output(
    written: list[str], seqloom: Run, workplace: Path, prefect: dict[str, str]
) -> None:
    (workplace / "three.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    done = Fork(flow_over_a_file, BACKEND, cwd=workplace, env=environment(workplace) | prefect).wait()
    assert done.returncode == 0, done.stderr
    folder = workplace / done.stdout.strip()
    assert pd.read_parquet(folder)["prediction"].tolist() == written
    told = json.loads(
        seqloom("batch", CHAMPION, "three.txt", "--to", "by backend", "--backend", BACKEND, "--json").stdout
    )
    assert (workplace / told["folder"], told["rows_before"]) == (folder, len(TEXTS))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("command", [("generate", CHAMPION), ("batch", CHAMPION, "phrases.tsv", "--to", "never")])
def test_a_backend_that_is_not_there(command: tuple[str, ...], seqloom: Run, workplace: Path) -> None:
    done = seqloom(*command, "--backend", "torch-int8")
    assert (done.returncode, done.stdout) == (2, "")
    assert "has no backend torch-int8; it has torch, ctranslate2; seqloom export adds others" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (workplace / "never").exists()


@pytest.mark.usefixtures("first")
def test_a_backend_that_cannot_be_is_told_and_stops_nobody(seqloom: Run) -> None:
    done = seqloom("train", "recipe.yaml", "-o", "registry.backend=torch-int8", "-o", "name=small", "--json")
    assert done.returncode == 0, done.stderr
    assert "torch-int8 is not made: " in done.stderr
    assert "no matrix of this model has 16,384 numbers: 8 bits would gain nothing" in done.stderr
    assert json.loads(done.stdout)["aliases"] == ["champion"]
