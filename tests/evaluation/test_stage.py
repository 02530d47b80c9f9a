import json
import math

import pandas as pd
import pytest

from seqloom.errors import UserError
from seqloom.evaluation.perplexity import Likelihood
from seqloom.evaluation.sacrebleu_scores import text_scores
from seqloom.evaluation.stage import evaluate
from seqloom.progress import unwatched
from seqloom.recipe.schema import EvaluationSection, Recipe

TRAIN = pd.DataFrame(
    {
        "source": ["a red dog runs here", "two small cats sleep", "the old man reads books"],
        "target": ["ein roter Hund läuft hier", "zwei kleine Katzen schlafen", "der alte Mann liest Bücher"],
    }
)
TEST = pd.DataFrame(
    {
        "source": ["a big dog runs", "three cats sleep on it", "a man reads", "the girl in the red dress sings 一"],
        "target": ["ein großer Hund läuft", "drei Katzen schlafen darauf", "ein Mann liest", "das Mädchen singt 一"],
    }
)
HISTORY = [
    {"step": 10, "epoch": 0, "train/loss": 4.0},
    {"step": 10, "epoch": 1, "validation/loss": 3.5, "validation/chrf": 20.0},
]
MEASURED = Likelihood(perplexity=12.345678, accuracy=0.5, tokens=20)
ANSWERS = dict(zip(TEST["source"], TEST["target"], strict=True))


def perfect(sources):
    return [ANSWERS[source] for source in sources]


def recipe_of(examples):
    return Recipe.model_validate(
        {
            "name": "a",
            "corpus": {"train": ["a.tsv"], "target_language": "de"},
            "evaluation": {"examples": examples},
        }
    )


def run(folder, generate=perfect, test=TEST, progress=unwatched, history=HISTORY, examples=2):
    folder.mkdir(exist_ok=True)

    def ask(sources, numbers):
        assert len(numbers) == len(sources)
        return {"prediction": generate(sources)}

    return evaluate(ask, MEASURED, TRAIN, test, recipe_of(examples), history, folder, progress)


def test_facts(tmp_path):
    facts = run(tmp_path)
    assert facts["metrics"]["test/bleu"] == pytest.approx(100)
    assert facts["metrics"]["test/chrf"] == pytest.approx(100)
    assert facts["metrics"]["test/perplexity"] == 12.3457
    assert facts["metrics"]["test/accuracy"] == 0.5
    assert set(facts["metrics"]) == {
        *("test/bleu", "test/chrf", "test/ter", "test/perplexity", "test/accuracy"),
        *(f"baseline/{system}/{metric}" for system in ("copy", "nearest") for metric in ("bleu", "chrf", "ter")),
    }
    assert all(math.isfinite(value) for value in facts["metrics"].values())
    assert facts["signatures"].keys() == {"bleu", "chrf", "ter"}
    assert facts["rows"] == 4
    assert [example["hypothesis"] for example in facts["examples"]] == perfect(x["source"] for x in facts["examples"])
    assert facts["seconds_decoding"] >= 0
    assert facts["sentences_per_second"] > 0
    json.dumps(facts, allow_nan=False)


def test_baselines_are_scored_as_the_model_is(tmp_path):
    metrics = run(tmp_path)["metrics"]
    copied = text_scores(["bleu", "chrf"], TEST["source"].tolist(), TEST["target"].tolist(), "de")
    looked_up = text_scores(
        ["bleu", "chrf"], [TRAIN["target"][row] for row in (0, 1, 2, 0)], TEST["target"].tolist(), "de"
    )
    for system, scores in (("copy", copied), ("nearest", looked_up)):
        for name, score in scores.items():
            assert metrics[f"baseline/{system}/{name}"] == pytest.approx(score.value, abs=1e-4)


def test_a_model_that_copies_is_the_copy_baseline(tmp_path):
    metrics = run(tmp_path, generate=list)["metrics"]
    assert metrics["test/bleu"] == metrics["baseline/copy/bleu"]
    assert metrics["test/chrf"] == metrics["baseline/copy/chrf"]


def test_what_is_written(tmp_path):
    facts = run(tmp_path)
    files = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*"))
    names = ("chrf_by_length", "lengths", "loss", "scores")
    figures = [f"figures/{name}.{ending}" for name in names for ending in ("png", "svg")]
    assert files == ["examples.json", *figures, "hypotheses.parquet", "scores.json"]
    scores = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert scores["metrics"] == facts["metrics"]
    assert scores["signatures"] == facts["signatures"]
    assert (scores["rows"], scores["train_rows"], scores["tokens"]) == (4, 3, 20)
    assert json.loads((tmp_path / "examples.json").read_text(encoding="utf-8")) == facts["examples"]
    rows = pd.read_parquet(tmp_path / "hypotheses.parquet")
    assert rows.columns.tolist() == ["source", "reference", "hypothesis", "nearest", "copy", "in_training", "chrf"]
    assert rows["reference"].tolist() == TEST["target"].tolist()
    assert rows["chrf"].tolist() == pytest.approx([100] * 4)


def test_the_table_tells_the_files_of_the_corpus(tmp_path):
    origins = ["a.tsv", "b.tsv", "a.tsv", "b.tsv"]
    run(tmp_path, test=TEST.assign(origin=origins))
    assert pd.read_parquet(tmp_path / "hypotheses.parquet")["origin"].tolist() == origins


def test_same_answers_same_bytes(tmp_path):
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        run(folder)
    one, two = ({path.relative_to(f): path.read_bytes() for path in f.rglob("*.*")} for f in folders)
    assert one == two


def test_the_calibration_of_a_confidence_is_a_metric_with_a_picture(tmp_path):
    def ask(sources, _):
        return {"prediction": perfect(sources), "confidence": [0.75] * len(sources)}

    facts = evaluate(ask, MEASURED, TRAIN, TEST, recipe_of(2), HISTORY, tmp_path, unwatched)
    assert facts["metrics"]["test/confidence_error"] == 0.25
    assert facts["confidence"]["curve"] == [{"rows": 4, "confidence": 0.75, "right": 1.0}]
    assert (tmp_path / "figures" / "confidence.png").is_file()
    assert pd.read_parquet(tmp_path / "hypotheses.parquet")["confidence"].tolist() == [0.75] * 4


def test_decoding_moves_the_bar_in_slices(tmp_path, monkeypatch):
    monkeypatch.setattr("seqloom.evaluation.system_answers.ROWS_AT_ONCE", 3)
    asked, seen = [], []

    def generate(sources):
        asked.append(len(sources))
        return perfect(sources)

    run(tmp_path, generate, progress=lambda done, total, unit, _: seen.append((done, total, unit)))
    assert asked == [3, 1]
    assert seen[:2] == [(3, 4, "rows"), (4, 4, "rows")]


def test_a_model_that_says_nothing_is_reported_too(tmp_path):
    facts = run(tmp_path, generate=lambda sources: [""] * len(sources), history=[], examples=0)
    assert facts["metrics"]["test/chrf"] == 0
    assert facts["examples"] == []
    assert not (tmp_path / "figures" / "loss.png").exists()


def test_no_test_rows_is_the_users_to_mend(tmp_path):
    with pytest.raises(UserError, match=r"corpus\.test_share"):
        run(tmp_path, test=TEST.head(0))


def test_an_answer_too_few_is_our_mistake(tmp_path):
    with pytest.raises(AssertionError):
        run(tmp_path, generate=lambda sources: perfect(sources)[1:])


def test_every_row_is_asked_by_its_own_number(tmp_path, monkeypatch):
    """What is drawn for a row follows from its number in the split, however many are asked at once."""
    monkeypatch.setattr("seqloom.evaluation.system_answers.ROWS_AT_ONCE", 3)
    seen = []

    def ask(sources, numbers):
        seen.extend(zip(numbers, sources, strict=True))
        return {"prediction": perfect(sources)}

    evaluate(ask, MEASURED, TRAIN, TEST, recipe_of(2), HISTORY, tmp_path, unwatched)
    assert seen == list(enumerate(TEST["source"]))


def test_disturbed_texts_are_asked_by_the_number_of_their_row(tmp_path):
    """Sampled decoding draws for the disturbed text what it drew for the row, so that the difference is the edit's."""
    rows = 150
    test = pd.DataFrame({"source": [f"{n} horses run" for n in range(rows)], "target": ["Pferde laufen"] * rows})
    test.loc[:9, "source"] = TRAIN["source"][0]  # contaminated: positions among the clean rows are others
    fields = {"robustness_rows": 12, "adversarial_budget": 4, "examples": 0}
    recipe = recipe_of(0).model_copy(update={"evaluation": EvaluationSection.model_validate(fields)})
    seen = []

    def ask(sources, numbers):
        seen.extend(zip(numbers, sources, strict=True))
        return {"prediction": ["Pferde laufen"] * len(sources)}

    facts = evaluate(ask, MEASURED, TRAIN, test, recipe, [], tmp_path, unwatched)
    assert {"robustness", "adversarial"} <= facts.keys()
    of_rows = [(row, text) for row, text in seen[rows:] if text.split()[0] in map(str, range(rows))]
    assert len(of_rows) > rows / 2
    assert {row for row, _ in seen[rows:]} <= set(range(10, rows))
    assert sum(int(text.split()[0]) == row for row, text in of_rows) > 0.8 * len(of_rows)


def test_what_was_truncated_is_counted_and_marked(tmp_path):
    def ask(sources, _):
        return {"prediction": perfect(sources), "truncated": [source.startswith("a ") for source in sources]}

    limits = {"answer_limit": {"slope": 1.5, "base": 10.0, "most": 20, "longer_references": {"test": 1}}}
    facts = evaluate(ask, MEASURED, TRAIN, TEST, recipe_of(2), HISTORY, tmp_path, unwatched, limits=limits)
    assert facts["truncated"] == 2
    assert facts["answer_limit"] == limits["answer_limit"]
    assert pd.read_parquet(tmp_path / "hypotheses.parquet")["truncated"].tolist() == [True, False, True, False]
