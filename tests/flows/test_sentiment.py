"""Labels from a CSV of texts, end to end: trained, checked, asked, run over a file, loaded as others load it."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.flows.a_task import loaded_by_others, refused, trained
from tests.flows.conftest import Run

DATA = Path(__file__).parents[2] / "data" / "reviews.csv"
REMARKS = DATA.with_name("remarks.txt")
RECIPE = """
name: verdicts
task: sentiment
corpus: {train: [reviews.csv], source_column: review, target_column: verdict, validation_share: 0.1, test_share: 0.15}
pretraining: {corpus: [remarks.txt], epochs: 1}
vocabulary: {kind: word, min_frequency: 1}
vectors: {width: 16, epochs: 1}
model: {encoder: cnn, encoder_width: 32, decoder: classifier, pooling: mean, ngram_order: 2, dropout: 0.1}
training: {epochs: 6, batch_tokens: 512, learning_rate: 0.02, label_smoothing: 0.0, select_by: macro_f1}
registry: {beat_baselines: false}
"""
LABELS = {"good", "bad", "so so"}
CHAMPION = "models:/verdicts@champion"
TEXTS = ["the room was lovely, and the soup was not stale", "the bill was awful, and the bed was dirty"]


OTHERS = """
import json, sys, mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
answers = model.predict(pandas.DataFrame({"source": sys.argv[2:]}))
print(json.dumps([answers.to_dict("list"), [column.name for column in model.metadata.get_output_schema()]]))
"""


@pytest.fixture(scope="module")
def verdicts(seqloom: Run, workplace: Path) -> dict[str, Any]:
    (workplace / "reviews.csv").write_bytes(DATA.read_bytes())
    remarks = REMARKS.read_text(encoding="utf-8").splitlines(keepends=True)[:300]
    (workplace / "remarks.txt").write_text("".join(remarks), encoding="utf-8")
    (workplace / "verdicts.yaml").write_text(RECIPE, encoding="utf-8")
    return trained(
        seqloom, "verdicts.yaml", "macro-F1", "calibration error", "logistic regression", "majority label", "so so"
    )


def test_it_learned_more_than_the_majority(verdicts: dict[str, Any]) -> None:
    metrics = verdicts["metrics"]
    assert metrics["test/macro_f1"] > metrics["baseline/majority/macro_f1"]
    assert verdicts["aliases"] == ["champion"]
    assert set(verdicts["champion"]) == {"version", "accuracy", "macro_f1"}


@pytest.mark.usefixtures("verdicts")
def test_the_card_says_what_speaks_for_a_label(seqloom: Run) -> None:
    card = seqloom("show", CHAMPION).stdout
    assert "beside a linear model of runs of up to 2 tokens" in card
    [awful] = [line for line in card.splitlines() if line.startswith("- speaks for bad: ")]
    assert "`awful`" in awful


@pytest.mark.usefixtures("verdicts")
def test_its_encoder_learned_from_raw_text_first(seqloom: Run, workplace: Path) -> None:
    """The card says so, the lineage has its digests, and what is to be forgotten is looked for in it."""
    card = json.loads(seqloom("show", CHAMPION, "--json").stdout)
    assert "encoder: had learned from" in card["text"]
    assert {"pretraining", "raw_corpus"} <= card["lineage"].keys()
    line = (workplace / "remarks.txt").read_text(encoding="utf-8").splitlines()[0]
    (workplace / "forgotten.txt").write_text(line, encoding="utf-8")
    told = json.loads(seqloom("forget", "forgotten.txt", "--json").stdout)
    [version] = [each for each in told["versions"] if each["model"] == "models:/verdicts/1"]
    assert version["rows"] == {"train": 1, "validation": 0, "test": 0}
    assert "models:/verdicts/1" in told["retrain"]


@pytest.mark.usefixtures("verdicts")
def test_an_answer_is_a_label_with_probabilities(seqloom: Run) -> None:
    told = json.loads(seqloom("generate", CHAMPION, *TEXTS, "--json").stdout)
    lines = seqloom("generate", CHAMPION, *TEXTS).stdout.splitlines()
    assert [line.partition("\t")[0] for line in lines] == told["outputs"]
    for label, chance, chances in zip(told["outputs"], told["probability"], told["probabilities"], strict=True):
        assert chances.keys() == LABELS
        assert sum(chances.values()) == pytest.approx(1, abs=1e-4)
        assert chances[label] == chance == max(chances.values())
    empty = seqloom("generate", CHAMPION, TEXTS[0], "")
    assert empty.returncode == 2
    assert "text 2 is empty, and there is no label for nothing: remove it" in empty.stderr


@pytest.mark.usefixtures("verdicts")
def test_an_empty_line_is_named_as_it_stands_in_the_file(seqloom: Run, workplace: Path) -> None:
    lines = [*TEXTS * 515, "", TEXTS[0]]  # beyond what is read at once
    (workplace / "lines.txt").write_text("\n".join(lines), encoding="utf-8")
    done = seqloom("generate", CHAMPION, "--file", "lines.txt")
    assert done.returncode == 2
    assert done.stderr == "seqloom: lines.txt line 1031 is empty, and there is no label for nothing: remove it\n"
    assert done.stdout.count("\n") == 1024


@pytest.mark.usefixtures("verdicts")
def test_a_file_is_labeled(seqloom: Run, workplace: Path) -> None:
    pd.DataFrame({"text": [*TEXTS, ""]}).to_csv(workplace / "unlabeled.csv", index=False)
    done = seqloom("batch", CHAMPION, "unlabeled.csv", "--to", "labeled", "--column", "text", "--json")
    told, table = json.loads(done.stdout), pd.read_parquet(workplace / json.loads(done.stdout)["folder"])
    assert told["failed"] == 1
    assert table["failure"][2] == "no text (blank)"
    asked = json.loads(seqloom("generate", CHAMPION, *TEXTS, "--json").stdout)
    assert table["prediction"].tolist()[:2] == asked["outputs"]
    assert table["probability"].tolist()[:2] == pytest.approx(asked["probability"], abs=1e-5)
    assert table["probabilities"][0].keys() == LABELS


@pytest.mark.usefixtures("verdicts")
def test_others_load_it(seqloom: Run, workplace: Path) -> None:
    answers, schema = loaded_by_others(workplace, OTHERS, CHAMPION, *TEXTS)
    asked = json.loads(seqloom("generate", CHAMPION, *TEXTS, "--json").stdout)
    assert answers == {name: asked[name.replace("prediction", "outputs")] for name in schema}
    shown = seqloom("show", CHAMPION)
    assert "judged by macro-F1" in shown.stdout
    assert "label so so" in shown.stdout


@pytest.mark.usefixtures("verdicts")
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("review,verdict\n" + "".join(f"a{n},good\n" for n in range(200)), "a single label, 'good'"),
        ("review,verdict\n" + "".join(f"a{n},b{n}\n" for n in range(2000)), "these look like texts"),
    ],
)
@pytest.mark.parametrize("command", ["check", "train"])
def test_labels_that_nothing_can_be_learned_from(
    seqloom: Run, workplace: Path, command: str, content: str, sentence: str
) -> None:
    (workplace / "wrong.csv").write_text(content, encoding="utf-8")
    refused(seqloom, sentence, command, "verdicts.yaml", "corpus.train=[wrong.csv]", f"name=wrong-{command}")
