"""A backend of a version: judged by the gate's rules, kept with the version, sealed, and chosen by `model_config`."""

import json
import pickle
import pickletools
import re
from dataclasses import replace
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
import pytest
import torch
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from seqloom.decoding.generator import Generator
from seqloom.errors import UserError
from seqloom.evaluation import HYPOTHESES_FILE
from seqloom.progress import unwatched
from seqloom.registry import exported_versions, latency_measurement
from seqloom.registry.checkpoint_folder import find_checkpoint
from seqloom.registry.export_card import other_forms
from seqloom.registry.export_records import ExportRecord, Side, records_of
from seqloom.registry.exported_versions import export_folder, export_version
from seqloom.registry.latency_benchmark import Measured
from seqloom.registry.latency_measurement import Latency
from seqloom.registry.mlflow_runs import FlowRun, open_run
from seqloom.registry.model_uri import find_version
from seqloom.registry.smoke_test import Smoke
from seqloom.registry.versions import register_version
from tests.registry.tiny import corpus, evaluation, recipe_named, write_checkpoint

MODEL = {
    "encoder": "transformer",
    "decoder": "transformer",
    "encoder_width": 96,
    "decoder_width": 96,
    "heads": 4,
    "feedforward_width": 128,
}
SHAPE: dict[str, Any] = {"model": MODEL, "vectors": {"width": 96}}
SOURCES = ["a small dog", "dog", "small dog a", "a dog a dog"] * 10
REFERENCES = ["ein kleiner Hund", "Hund", "kleiner Hund ein", "ein Hund ein Hund"] * 10
ORIGINS = ["many.tsv"] * 30 + ["few.tsv"] * 10


@pytest.fixture
def uri(client: MlflowClient, home: Path, tmp_path: Path, request: pytest.FixtureRequest) -> str:
    """A registered version of a Transformer, with test rows in its run."""
    name = "".join(letter if letter.isalnum() else "-" for letter in request.node.name)
    (tmp_path / "checkpoint").mkdir()
    made = write_checkpoint(tmp_path / "checkpoint", **SHAPE)
    recipe = recipe_named(name, **SHAPE)
    run_id = open_run(client, recipe, "key", FlowRun("flow", "flow"), corpus(), home)
    rows = {"source": SOURCES, "reference": REFERENCES, "origin": ORIGINS}
    pd.DataFrame(rows).to_parquet(tmp_path / HYPOTHESES_FILE)
    client.log_artifact(run_id, str(tmp_path / HYPOTHESES_FILE), "evaluation")
    return register_version(client, recipe, run_id, "key", made, evaluation()).uri


@pytest.fixture(autouse=True)
def _timed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency_measurement, "ROUNDS", 1)


@pytest.fixture
def _unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """No version is loaded in a fresh process, which takes seconds: the first test does it."""
    monkeypatch.setattr(exported_versions, "smoke_test", lambda *_: Smoke(True, "not asked"))
    monkeypatch.setattr(exported_versions, "backend_latencies", lambda *_: [Latency(2.0, 3.0, 1.0, 4.0)] * 2)


@pytest.mark.parametrize("backend", ["ctranslate2-int8", "torch-int8"])
def test_a_backend_of_the_version(
    uri: str, home: Path, tmp_path: Path, backend: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    if backend != "torch-int8":  # a process of its own takes seconds
        monkeypatch.setattr(exported_versions, "backend_latencies", lambda *_: [Latency(2.0, 3.0, 1.0, 4.0)] * 2)
    record = export_version(uri, home, backend, unwatched)
    assert record.passed, record.why
    assert (record.backend, record.rows, record.metric) == (backend, len(SOURCES), "chrf")
    assert 0 < record.after.megabytes < (record.before.megabytes if backend == "torch-int8" else 1.0)
    assert 0 < record.after.latency_p50 <= record.after.latency_p95
    assert record.interval[0] <= record.after.score - record.before.score <= record.interval[1]
    version = find_version(uri, home)
    assert list(records_of(version)) == [record]
    line = f"pip install ctranslate2=={installed('ctranslate2')}" if backend == "ctranslate2-int8" else ""
    assert record.installed_by == line
    assert (
        f"besides requirements.txt: `{line}`" in other_forms(version) if line else "besides" not in other_forms(version)
    )
    text = mlflow.artifacts.load_text(f"runs:/{version.run_id}/gate/{backend}/evidence.md")
    assert text.startswith(f"# {version.name}, version 1 as {backend}: holds every rule")
    assert "| this backend | the version itself |" in text

    export_folder(uri, home, backend, tmp_path / "folder")
    from seqloom.decoding.generator_loader import load_generator

    expected = load_generator(tmp_path / "folder").generate(SOURCES)
    assert load_generator(find_checkpoint(uri, home, backend)).generate(SOURCES) == expected
    asked = mlflow.pyfunc.load_model(uri, model_config={"backend": backend}).predict(pd.DataFrame({"source": SOURCES}))
    assert asked["prediction"].tolist() == expected
    own = mlflow.pyfunc.load_model(uri).predict(pd.DataFrame({"source": SOURCES}))["prediction"].tolist()
    assert own == Generator.load(find_checkpoint(uri, home)).generate(SOURCES)
    fastest = mlflow.pyfunc.load_model(uri, model_config={"backend": "auto"}).predict(pd.DataFrame({"source": SOURCES}))
    assert fastest["prediction"].tolist() in (expected, own)
    chosen = find_checkpoint(uri, home, "auto")
    assert chosen.name in (backend, "checkpoint")


@pytest.mark.usefixtures("_unasked")
def test_a_backend_that_is_worse_is_told_and_not_kept(uri: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(_: str, sources: list[str], *others: Any) -> Measured:
        itself = others[-1] is None
        return Measured({"prediction": REFERENCES if itself else ["ganz anders"] * len(sources)}, len)

    monkeypatch.setattr(exported_versions, "measure", answers)
    record = export_version(uri, home, "torch-int8", unwatched)
    assert not record.passed
    assert re.match(r"chrF [0-9.]+ is [0-9.]+ below the 100.0 of the version itself \(", record.why)
    assert list(records_of(find_version(uri, home))) == [record]
    with pytest.raises(UserError, match="has no backend torch-int8; it has torch; seqloom export adds others"):
        find_checkpoint(uri, home, "torch-int8")
    with pytest.raises(MlflowException, match="this version has no backend 'torch-int8'; it has torch"):
        mlflow.pyfunc.load_model(uri, model_config={"backend": "torch-int8"})


@pytest.mark.usefixtures("_unasked")
def test_a_backend_that_is_worse_in_one_file_of_the_corpus_is_refused(
    uri: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it is better on the whole, and in all lengths that are judged."""

    def answers(_: str, sources: list[str], *others: Any) -> Measured:
        wrong = "few.tsv" if others[-1] is None else "many.tsv"
        right = [
            origin != wrong or (wrong == "many.tsv" and len(source) > 3)
            for origin, source in zip(ORIGINS, sources, strict=True)
        ]
        texts = zip(right, REFERENCES, strict=True)
        return Measured({"prediction": [text if fine else "ganz anders" for fine, text in texts]}, len)

    monkeypatch.setattr(exported_versions, "measure", answers)
    record = export_version(uri, home, "torch-int8", unwatched)
    assert record.after.score > record.before.score
    assert not record.passed
    assert record.why.startswith("in the slice from many.tsv (30 rows) chrF ")


@pytest.mark.usefixtures("_unasked")
def test_a_changed_file_of_a_backend_is_refused(uri: str, home: Path) -> None:
    export_version(uri, home, "torch-int8", unwatched)
    folder = find_checkpoint(uri, home, "torch-int8")
    manifest = folder / "manifest.json"
    weights = folder / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    whole = weights.read_bytes()
    weights.write_bytes(content)
    with pytest.raises(UserError, match=r"weights.safetensors is not the file that was registered.*export it again"):
        find_checkpoint(uri, home, "torch-int8")
    with pytest.raises(MlflowException, match=r"the backend torch-int8 in .* is damaged: weights.safetensors is not"):
        mlflow.pyfunc.load_model(uri, model_config={"backend": "torch-int8"})
    weights.write_bytes(whole)
    told = json.loads(manifest.read_text(encoding="utf-8"))
    del told["files"]["export.json"]
    manifest.write_text(json.dumps(told), encoding="utf-8")
    with pytest.raises(UserError, match=r"export\.json is missing: this version is not whole"):
        find_checkpoint(uri, home, "torch-int8")
    manifest.write_text(json.dumps(told | {"more": 1}), encoding="utf-8")
    export_version(uri, home, "torch-int8", unwatched)
    assert find_checkpoint(uri, home, "torch-int8") == folder


def test_a_backend_is_a_name_and_no_path(uri: str, home: Path) -> None:
    for backend in ("../../package/checkpoint", "/etc", "", "ctranslate2"):
        with pytest.raises(UserError, match="has no backend"):
            find_checkpoint(uri, home, backend)
        with pytest.raises(MlflowException, match="this version has no backend"):
            mlflow.pyfunc.load_model(uri, model_config={"backend": backend})


@pytest.mark.parametrize(
    ("backend", "sentence"),
    [
        ("ctranslate2", "CTranslate2 cannot run this model: its encoder is lstm"),
        ("torch-int8", "no matrix of this model has 16,384 numbers"),
    ],
)
def test_what_a_model_cannot_be(checkpoint: Path, home: Path, tmp_path: Path, backend: Any, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        export_folder(str(checkpoint), home, backend, tmp_path / "never")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(UserError, match="exists already: name another folder with --to"):
        export_folder(str(checkpoint), home, backend, tmp_path)


def test_without_its_test_rows_nobody_judges_a_backends(client: MlflowClient, home: Path, checkpoint: Path) -> None:
    recipe = recipe_named("no-rows")
    run_id = open_run(client, recipe, "key", FlowRun("flow", "flow"), corpus(), home)
    uri = register_version(client, recipe, run_id, "key", checkpoint, evaluation()).uri
    with pytest.raises(UserError, match="nobody can judge a backend of it without the recipe and the test rows"):
        export_version(uri, home, "torch-int8", unwatched)


@pytest.mark.usefixtures("_unasked")
def test_nothing_in_a_version_or_a_backend_is_a_pickle(uri: str, home: Path) -> None:
    for backend in ("torch-int8", "ctranslate2-int8"):
        export_version(uri, home, backend, unwatched)
    root = find_checkpoint(uri, home).parents[2]
    files = [file for file in root.rglob("*") if file.is_file()]
    assert {"weights.safetensors", "model.bin", "MLmodel", "manifest.json"} <= {file.name for file in files}
    assert [file.name for file in files if is_pickle(file.read_bytes())] == []


def is_pickle(content: bytes) -> bool:
    """Also one inside a zip file, as torch.save writes it."""
    if content.startswith(b"PK"):
        return True
    try:
        return bool(list(pickletools.genops(content)))  # whole, up to its stop
    except ValueError:
        return False


def test_a_pickle_would_be_found(tmp_path: Path) -> None:
    assert is_pickle(pickle.dumps({"a": [1]}))
    torch.save({"a": torch.zeros(2)}, tmp_path / "weights.pt")
    assert is_pickle((tmp_path / "weights.pt").read_bytes())


def test_a_record_survives_its_tag(uri: str, home: Path, client: MlflowClient) -> None:
    side = Side(1.5, 30.25, 1.0, 2.0)
    record = ExportRecord(
        "torch-int8", 40, "translation", "chrf", side, replace(side, megabytes=0.5), (-0.1, 0.2), False, "too bad"
    )
    version = find_version(uri, home)
    exported_versions._keep(client, version, "none", home, "digest", record)
    assert list(records_of(find_version(uri, home))) == [record]
