"""Any model on any file: the same figures as the evaluation of its training, and no new version."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from mlflow import MlflowClient

from tests.flows.conftest import Run

pytestmark = pytest.mark.usefixtures("first")
CHAMPION = "models:/phrases@champion"


@pytest.fixture
def held_out(workplace: Path, first: dict[str, Any]) -> pd.DataFrame:
    """The test rows of the training."""
    client = MlflowClient(f"sqlite:///{workplace}/.seqloom/mlflow.db")
    table = pd.read_parquet(client.download_artifacts(first["run_id"], "evaluation/hypotheses.parquet"))
    return table.rename(columns={"reference": "target"})


def test_the_scores_are_those_of_the_training(
    seqloom: Run, first: dict[str, Any], held_out: pd.DataFrame, workplace: Path, tmp_path: Path
) -> None:
    rows = held_out[["source", "target"]]
    rows.to_csv(workplace / "held out.csv", index=False)
    done = seqloom("evaluate", CHAMPION, "held out.csv", "--to", str(tmp_path / "rows.parquet"), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["rows"], found["unreadable"], found["in_training"]) == (len(rows), [], 0)
    for score in found["scores"]:
        assert score["value"] == pytest.approx(first["metrics"][f"test/{score['name']}"], abs=1e-3)
    table = pd.read_parquet(tmp_path / "rows.parquet")
    assert table["source"].tolist() == rows["source"].tolist()
    assert "stand" in done.stderr


def test_rows_of_the_training_text_are_counted_and_others_told(seqloom: Run, workplace: Path) -> None:
    pairs = pd.read_csv(workplace / "phrases.tsv", sep="\t")
    lines = [f"{source.upper()}!\t{target}" for source, target in pairs[["source", "target"]].to_numpy()[:30]]
    (workplace / "seen.tsv").write_text("\n".join(["source\ttarget", *lines, "one field"]), encoding="utf-8")
    done = seqloom("evaluate", CHAMPION, "seen.tsv", "--json")
    found = json.loads(done.stdout)
    assert found["rows"] == found["contamination"]["rows"] == 30  # too few are clean, so all count
    assert found["in_training"] > 20
    assert found["contamination"]["counted"] == "all"
    assert found["contamination"]["scores"].keys() == {"contaminated", "clean", "all"}
    assert found["unreadable"] == ["seen.tsv, line 32: has 1 fields where line 1 has 2; correct the line"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["gone.tsv"], "correct FILE"),
        (["a", "b", "c"], "one file of pairs, or a file of sources and one of targets"),
        (["phrases.tsv", "--to", "rows.csv"], "--to rows.csv: is a Parquet file"),
        (["phrases.tsv", "--corpus", "sauce=en"], "sauce"),
        (["phrases.tsv", "-o", "beam_size=0"], "beam_size"),
    ],
)
def test_what_cannot_be_evaluated(seqloom: Run, arguments: list[str], sentence: str) -> None:
    done = seqloom("evaluate", CHAMPION, *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
