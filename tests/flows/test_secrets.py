"""What is secret in the environment of a run is nowhere in what the run leaves behind or prints."""

import subprocess
import sys
from pathlib import Path

import pytest

from seqloom.mistake import UserMistake
from seqloom.recipe.loading import check_recipe
from tests.flows.conftest import RECIPE, environment

PLANTED = "planted-s3cret-do-not-log"
SECRETS = (  # MLFLOW_TRACKING_USERNAME is none: MLflow itself writes it to the run, as the user who made it
    "MLFLOW_TRACKING_PASSWORD",
    "MLFLOW_TRACKING_TOKEN",
    "PREFECT_API_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "HF_TOKEN",
)


def test_no_secret_is_left_behind_or_printed(tmp_path: Path, workplace: Path) -> None:
    (tmp_path / "phrases.tsv").write_bytes((workplace / "phrases.tsv").read_bytes())
    (tmp_path / "recipe.yaml").write_text(RECIPE, encoding="utf-8")
    variables = {**environment(tmp_path), **dict.fromkeys(SECRETS, PLANTED)}
    for arguments in (["train", "recipe.yaml", "--json"], ["show", "models:/phrases/1"], ["history", "phrases"]):
        command = [sys.executable, "-m", "flows.command_line", *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        assert PLANTED.encode() not in done.stdout + done.stderr
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    places = {part for file in files for part in file.relative_to(tmp_path).parts}
    assert {"mlflow.db", "prefect.db", "artifacts", "card", "gate"} <= places
    assert [str(file) for file in files if PLANTED.encode() in file.read_bytes()] == []


@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("url", ["https://ann:planted@example.org/a.tsv", "http://planted@example.org:8080/a.tsv"])
def test_a_password_in_a_recipe_is_refused_without_being_told(split: str, url: str) -> None:
    corpus = {"train": ["a.tsv"], split: [url]}
    with pytest.raises(UserMistake, match=r"for example\.org stands in a URL.*netrc") as caught:
        check_recipe({"name": "a", "corpus": corpus}, "recipe.yaml")
    assert "planted" not in str(caught.value)
