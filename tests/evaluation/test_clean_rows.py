"""Test rows that stand in training are counted, listed and scored apart; the headline is of the others."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from seqloom.artifact.manifest import Manifest
from seqloom.corpus.contamination import Kind
from seqloom.evaluation import stage
from seqloom.evaluation.applications.evaluator import EvalSet
from seqloom.evaluation.applications.evaluator_factory import evaluator_of
from seqloom.evaluation.clean_rows import CLEAN_ROWS, CleanRows, counted_rows
from seqloom.evaluation.perplexity import Likelihood
from seqloom.evaluation.sacrebleu_scores import text_scores
from seqloom.evaluation.stage import evaluate
from seqloom.progress import unwatched
from seqloom.recipe.schema import Recipe


@pytest.fixture(autouse=True)
def _no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """They take seconds, and test_stage draws them."""
    monkeypatch.setattr(stage, "draw", lambda *_: None)


WORDS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]


def pairs(count: int, tag: str) -> pd.DataFrame:
    """Texts that share no run of five letters, and their mirror images."""
    sources = [
        f"{tag}{number}{WORDS[number % 12]}{number * 7919} {tag * 3}{number * 104729}" for number in range(count)
    ]
    return pd.DataFrame({"source": sources, "target": [source[::-1] for source in sources]})


def recipe_of(**evaluation: Any) -> Recipe:
    tree = {"name": "a", "corpus": {"train": ["a.tsv"], "target_language": "de"}, "evaluation": evaluation}
    return Recipe.model_validate(tree)


def evaluated(folder: Path, clean: int, seen: int, column: str = "", **evaluation: Any) -> dict[str, Any]:
    """Answer rightly where the source was seen, and wrongly elsewhere."""
    train, fresh = pairs(40, "x"), pairs(clean, "q")
    known = train.head(seen).assign(source=lambda frame: frame["source"].str.upper() + "!")
    test = pd.concat([known, fresh], ignore_index=True)
    if column:
        test[column] = [str(row % 2) for row in range(len(test))]
    right = dict(zip(known["source"], known["target"], strict=True))

    def predict(sources: Any, _: Any) -> dict[str, list[Any]]:
        return {"prediction": [right.get(source, "zzz" + source) for source in sources]}

    recipe, likelihood = recipe_of(**evaluation), Likelihood(2.0, 0.5, 10)
    return evaluate(predict, likelihood, train, test, recipe, [], folder, unwatched)


def test_the_headline_is_of_the_clean_rows(tmp_path: Path) -> None:
    facts = evaluated(tmp_path, 30, 6)
    found, fresh = facts["contamination"], pairs(30, "q")
    alone = text_scores(["chrf"], ["zzz" + text for text in fresh["source"]], fresh["target"].tolist(), "de")
    assert (facts["rows"], found["rows"], found["exact"], found["near"], found["counted"]) == (30, 36, 6, 0, "clean")
    assert facts["metrics"]["test/chrf"] == pytest.approx(alone["chrf"].value, abs=1e-3)
    assert found["scores"]["contaminated"]["chrf"] == 100
    assert found["scores"]["clean"]["chrf"] == facts["metrics"]["test/chrf"] < found["scores"]["all"]["chrf"]
    assert [each["row"] for each in found["listed"]] == list(range(6))
    table = pd.read_parquet(tmp_path / "hypotheses.parquet")
    assert table["in_training"].tolist() == ["exact"] * 6 + [""] * 30
    assert sum(part["rows"] for part in facts["slices"] if part["by"] == "length") == 30
    made = Manifest("evaluation", "k", "d", str(tmp_path), 0.0, facts)
    test = EvalSet.of(table.rename(columns={"reference": "target"}), "de")
    assert counted_rows(test, made).sources == fresh["source"].tolist()


@pytest.mark.parametrize(("clean", "wanted"), [(CLEAN_ROWS - 1, "clean"), (30, "all")])
def test_all_rows_count_where_few_are_clean_or_it_is_asked(
    tmp_path: Path, clean: int, wanted: str, caplog: pytest.LogCaptureFixture
) -> None:
    facts = evaluated(tmp_path, clean, 3, test_rows=wanted)
    assert facts["contamination"]["counted"] == "all"
    assert facts["rows"] == clean + 3
    assert ("stand in the training text" in caplog.text) == (wanted == "clean")


def test_no_scores_apart_where_nothing_is_contaminated(tmp_path: Path) -> None:
    facts = evaluated(tmp_path, 5, 0)
    assert facts["contamination"] == {"rows": 5, "exact": 0, "near": 0, "counted": "clean", "scores": {}, "listed": []}


@pytest.mark.parametrize(("contaminated", "rows"), [(6, 30), (0, 30)])
def test_the_gate_slices_by_the_columns_of_the_evaluation(tmp_path: Path, contaminated: int, rows: int) -> None:
    """The challenger's evaluation keeps the columns; the gate judges the same slices on the same rows."""
    facts = evaluated(tmp_path, rows, contaminated, column="slice:product")
    by_column = {part["slice"]: part["rows"] for part in facts["slices"] if part["by"] == "column"}
    assert by_column == {"product = 0": rows // 2, "product = 1": rows // 2}
    table = pd.read_parquet(tmp_path / "hypotheses.parquet")[["source", "reference"]]
    made = Manifest("evaluation", "k", "d", str(tmp_path), 0.0, facts)
    test = counted_rows(EvalSet.of(table.rename(columns={"reference": "target"}), "de"), made)
    judged = evaluator_of("translation").slices(test)
    assert {part.name: len(part.rows) for part in judged if part.by == "column"} == by_column


def test_an_evaluation_made_before_counts_all(tmp_path: Path) -> None:
    test = EvalSet.of(pairs(3, "q"), "de")
    assert counted_rows(test, Manifest("evaluation", "k", "d", str(tmp_path), 0.0, {})) is test


def test_a_string_like_one_of_training_is_no_contamination() -> None:
    tree = {"name": "a", "task": "transduction", "corpus": {"train": ["a.tsv"]}}
    text = "internationalization of the whole alphabet"
    found = CleanRows.of(Recipe.model_validate(tree), [text, text + "s"], [[text]])
    assert found.kinds == ["exact", ""]
    assert CleanRows.of(recipe_of(), [text, text + "s"], [[text]]).kinds == ["exact", "near"]


def test_a_passage_is_shown_with_the_one_behind_it() -> None:
    test = EvalSet(["a", "b", "c"], ["a", "b", "c"])
    kinds: list[Kind] = ["", "exact", "", *[""] * 0]
    rows = CleanRows(kinds * 20, "clean")
    whole = EvalSet(test.sources * 20, test.references * 20)
    _, references, _ = rows.shown(evaluator_of("generation"), {"prediction": [""] * 60}, whole)
    assert references[:2] == ["b", "a"]
