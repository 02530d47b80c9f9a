"""The page of a version: logged with its run, and made again by a command."""

from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient

from tests.flows.conftest import Run

pytestmark = pytest.mark.usefixtures("first")
CHAMPION = "models:/phrases@champion"


def test_a_training_leaves_it_with_the_gates_verdict(workplace: Path, first: dict[str, Any]) -> None:
    client = MlflowClient(f"sqlite:///{workplace}/.seqloom/mlflow.db")
    page = Path(client.download_artifacts(first["run_id"], "report/version-1.html")).read_text(encoding="utf-8")
    assert "Ready to ship. Its gate: " in page
    assert "Attention" in page


def test_the_command_writes_it_and_compares_two(seqloom: Run, workplace: Path) -> None:
    done = seqloom("report", CHAMPION)
    assert done.returncode == 0, done.stderr
    made = Path(done.stdout.strip())
    assert made.parent == workplace / ".seqloom" / "reports"
    assert "phrases, version 1" in made.read_text(encoding="utf-8")
    done = seqloom("report", CHAMPION, "--against", CHAMPION, "--to", "two.html", "--json")
    assert done.returncode == 0, done.stderr
    assert "cannot be told apart" in (workplace / "two.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([CHAMPION, "--to", "page.pdf"], "--to page.pdf: is an HTML page; call it page.pdf.html"),
        (["models:/phrases/99"], "99"),
        (["nowhere"], "nowhere: no evaluation (scores.json is missing); give models:/NAME@ALIAS"),
    ],
)
def test_what_has_no_report(seqloom: Run, arguments: list[str], sentence: str) -> None:
    done = seqloom("report", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_corpus_has_its_own(workplace: Path, first: dict[str, Any]) -> None:
    client = MlflowClient(f"sqlite:///{workplace}/.seqloom/mlflow.db")
    page = Path(client.download_artifacts(first["run_id"], "report/corpus.html")).read_text(encoding="utf-8")
    assert "Corpus of phrases" in page
    assert "Most suspicious" in page


def test_an_answer_is_explained(seqloom: Run, workplace: Path) -> None:
    done = seqloom("explain", CHAMPION, "the old man sees a dog", "--to", "why.html")
    assert done.returncode == 0, done.stderr
    assert "By attention: the 3 strongest source tokens of each token." in done.stdout
    assert "Token by token" in (workplace / "why.html").read_text(encoding="utf-8")
    assert seqloom("explain", CHAMPION, "the old man", "--label", "good").returncode == 2
