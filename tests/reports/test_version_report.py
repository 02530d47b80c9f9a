"""The report of a version, and that of two."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from seqloom.errors import UserError
from seqloom.evaluation import ATTENTION_FILE
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.reports.comparison_report import comparison_report
from seqloom.reports.evaluation_folder import EvaluationFolder
from seqloom.reports.version_report import version_report
from tests.reports.evaluated_folder import HOSTILE, evaluated
from tests.reports.test_privacy_summary import LOSS


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> tuple[EvaluationFolder, EvaluationFolder]:
    place = tmp_path_factory.mktemp("two")
    return evaluated(place / "good", 2), evaluated(place / "bad", 20)


def test_the_verdict_comes_first_and_every_part_is_there(two: tuple[EvaluationFolder, EvaluationFolder]) -> None:
    good, _ = two
    maps = [{"method": "attention", "source": ["x", HOSTILE], "target": ["y"], "weights": [[0.2, 0.8]]}]
    (good.folder / ATTENTION_FILE).write_text(json.dumps(maps), encoding="utf-8")
    verdict = {"passed": True, "why": "holds all rules", "findings": []}
    shown = version_report(EvaluationFolder(good.folder, good.title, verdict, good.training))
    titles = (
        "Scores",
        "Examples",
        "Slices",
        "Test rows that stand in training",
        "Confidence",
        "Curves",
        "Attention",
        "Cost",
    )
    places = [shown.index("Ready to ship"), *(shown.index(f">{title}</h2>") for title in titles)]
    assert places == sorted(places)
    assert "1 of the 43 test pairs stand in the training text" in shown
    assert HOSTILE not in shown
    assert "&lt;script&gt;" in shown
    assert "نا" in shown
    assert 'style="' not in shown


def test_a_private_training_has_a_part(two: tuple[EvaluationFolder, EvaluationFolder]) -> None:
    good, _ = two
    shown = version_report(EvaluationFolder(good.folder, good.title, {}, {"differential_privacy": LOSS}))
    assert ">Privacy</h2>" in shown
    assert "epsilon 7.993, delta 4.7e-05" in shown
    assert ">Privacy</h2>" not in version_report(good)


def test_what_is_answered_before_the_model_stands_beside_the_scores(
    two: tuple[EvaluationFolder, EvaluationFolder],
) -> None:
    good, _ = two
    shown = version_report(replace(good, known_answers="1,200 pairs and 3 rules, sha256 0123456789ab"))
    told = "The version answers first from 1,200 pairs and 3 rules; the scores are those of the model alone."
    assert shown.index(">Scores</h2>") < shown.index(told) < shown.index(">Examples</h2>")
    assert "answers first" not in version_report(good)


def test_an_ensemble_names_its_members_and_what_each_has_spent(two: tuple[EvaluationFolder, EvaluationFolder]) -> None:
    spent = {"epsilon": 3.0, "delta": 1e-5, "parent": ""}
    size = {"rows": 1200, "parameters": 50, "megabytes": 0.2}
    members = [
        {"model": "models:/a/1", "digest": "1", "differential_privacy": spent, **size},
        {"model": f"models:/{HOSTILE}/2", "digest": "2", **size},
        {"model": "models:/a/1", "digest": "1", "differential_privacy": spent, **size},
    ]
    facts = {"members": members, "parameters": 100, "megabytes": 0.6, "latency": [9.0, 3.0]}
    shown = version_report(EvaluationFolder(two[0].folder, "together", ensemble=facts))
    assert shown.index(">Members</h2>") < shown.index(">Slices</h2>") < shown.index(">Privacy</h2>")
    for cell in ("models:/a/1", "67%", "33%", "1,200", "epsilon 3, delta 1e-05", "3.0 times the 3.0 ms"):
        assert cell in shown
    assert HOSTILE not in shown
    assert "learned without" in shown
    assert ">Members</h2>" not in version_report(two[0])


def test_an_evaluation_of_an_earlier_release_has_a_report_too(
    two: tuple[EvaluationFolder, EvaluationFolder], tmp_path: Path
) -> None:
    old = tmp_path / "old"
    shutil.copytree(two[0].folder, old)
    scores = json.loads((old / "scores.json").read_text(encoding="utf-8"))
    for added in ("contamination", "metric", "robustness", "memorization", "confidence"):
        scores.pop(added, None)
    (old / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    pd.read_parquet(old / "hypotheses.parquet").drop(columns="in_training").to_parquet(old / "hypotheses.parquet")
    for file in (old / "figures").glob("*.svg"):
        file.unlink()
    shown = version_report(EvaluationFolder(old, "old"))
    assert "Not judged yet" in shown
    assert "Curves" not in shown


def test_two_versions(two: tuple[EvaluationFolder, EvaluationFolder]) -> None:
    good, bad = two
    shown = comparison_report(good, bad)
    assert "model 2 is better than model 20, significantly." in shown
    assert "on 42 test rows of both" in shown
    assert "model 20 is worse than" not in shown
    assert "model 20 is worse than model 2" in comparison_report(bad, good)
    assert "cannot be told apart" in comparison_report(good, good)
    assert HOSTILE not in shown


def test_versions_without_a_common_row_are_the_users_to_mend(
    two: tuple[EvaluationFolder, EvaluationFolder], tmp_path: Path
) -> None:
    other = tmp_path / "other"
    shutil.copytree(two[0].folder, other)
    rows = pd.read_parquet(other / "hypotheses.parquet")
    rows.assign(source="x" + rows["source"]).to_parquet(other / "hypotheses.parquet")
    with pytest.raises(UserError, match="tested on different rows"):
        comparison_report(two[0], EvaluationFolder(other, "other"))


@pytest.mark.parametrize("task", ["sentiment", "generation", "transduction", "reconstruction"])
def test_other_tasks_have_one(task: str, tmp_path: Path) -> None:
    """Their columns by row are what the examples are ranked by."""
    kind = evaluator_of(task).kind
    scores: dict[str, Any] = {
        "task": task,
        "metrics": {f"test/{measure.name}": 0.5 for measure in kind.metrics},
        "intervals": {name: [0.4, 0.6] for name in kind.judged},
        "signatures": {},
        "slices": [],
        "rows": 2,
        "train_rows": 2,
        "confusion": {"labels": [HOSTILE, "b"], "rows": [[1, 2], [3, 4]]},
    }
    (tmp_path / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    by_row = {"right": [True, False], "probability": [0.9, 0.8]} if task == "sentiment" else {"word_perplexity": [1, 2]}
    pd.DataFrame({"source": ["a", HOSTILE], "reference": ["b", "c"], "hypothesis": ["b", "d"], **by_row}).to_parquet(
        tmp_path / "hypotheses.parquet"
    )
    assert HOSTILE not in version_report(EvaluationFolder(tmp_path, "x"))
