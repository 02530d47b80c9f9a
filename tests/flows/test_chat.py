"""Dialogues end to end: trained, talked with in the terminal, asked by list and by text, in bulk and by others."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.flows.a_task import loaded_by_others, refused, trained
from tests.flows.conftest import Run

DATA = Path(__file__).parents[2] / "data" / "talks.txt"
RECIPE = """
name: desk
task: chat
corpus: {train: [talks.txt], format: texts, turns: 3, source_language: en, target_language: en,
  validation_share: 0.1, test_share: 0.15}
vocabulary: {kind: word, min_frequency: 1, shared: true}
vectors: {method: none, width: 48}
model: {encoder: gru, encoder_width: 48, decoder: gru, decoder_width: 96, copy_attention: true, dropout: 0.1}
training: {epochs: 11, batch_tokens: 1400, learning_rate: 0.015, label_smoothing: 0.0}
decoding: {method: sample, temperature: 0.3}
"""
CHAMPION = "models:/desk@champion"
ASKED = "Hello. I am in room 7, and the kettle is broken."
TOLD = "That should not be. When may we look at the kettle?"
WHEN = "On Monday at noon."

OTHERS = """
import json, sys, mlflow, pandas
model = mlflow.pyfunc.load_model(sys.argv[1])
conversation = json.loads(sys.argv[2])
texts = model.predict(pandas.DataFrame({"source": [" __eou__ ".join(conversation), conversation[0]]}))
lists = model.predict(pandas.DataFrame({"source": [conversation, conversation[:1]]}))
print(json.dumps([texts["prediction"].tolist(), lists["prediction"].tolist()]))
"""


@pytest.fixture(scope="module")
def desk(seqloom: Run, workplace: Path) -> dict[str, Any]:
    talks = DATA.read_text(encoding="utf-8").splitlines(keepends=True)
    (workplace / "talks.txt").write_text("".join(talks[:200]), encoding="utf-8")
    (workplace / "desk.yaml").write_text(RECIPE, encoding="utf-8")
    return trained(seqloom, "desk.yaml", "chrF", "nearest", "distinct-2", "different")


def test_it_beats_a_look_up_and_its_replies_vary(desk: dict[str, Any]) -> None:
    metrics = desk["metrics"]
    assert metrics["test/chrf"] > metrics["baseline/nearest/chrf"] > 0
    assert metrics["test/different"] > 0.2
    assert desk["aliases"] == ["champion"]


@pytest.mark.usefixtures("desk")
def test_a_conversation_in_the_terminal_is_remembered_until_it_is_reset(seqloom: Run) -> None:
    lines = [ASKED, "", WHEN, "/reset", WHEN, "/quit", ASKED]
    done = seqloom("chat", CHAMPION, stdin="\n".join(lines).encode())
    assert done.returncode == 0, done.stderr
    first, second, forgotten = done.stdout.splitlines()
    assert "kettle" in first
    assert second.startswith("Then somebody comes to room 7 for the kettle")
    assert "room 7 " not in forgotten


@pytest.mark.usefixtures("desk")
def test_a_conversation_is_one_text_with_a_separator(seqloom: Run) -> None:
    asked = [" __eou__ ".join([ASKED, TOLD, WHEN]), "/reset", ""]
    told = json.loads(seqloom("generate", CHAMPION, *asked, "--json").stdout)["outputs"]
    assert told[0].startswith("Then somebody comes to room 7 for the kettle")
    assert told[2] == ""
    long = json.loads(seqloom("generate", CHAMPION, " __eou__ ".join(["So?"] * 500 + [asked[0]]), "--json").stdout)
    assert long["outputs"] == told[:1]


@pytest.mark.usefixtures("desk")
def test_others_ask_it_with_a_text_or_a_list_of_turns(workplace: Path) -> None:
    texts, lists = loaded_by_others(workplace, OTHERS, CHAMPION, json.dumps([ASKED, TOLD, WHEN]))
    assert texts == lists
    assert texts[0].startswith("Then somebody comes to room 7 for the kettle")


@pytest.mark.usefixtures("desk")
def test_a_file_of_conversations(seqloom: Run, workplace: Path) -> None:
    rows = [[ASKED, TOLD, WHEN], [{"role": "user", "content": ASKED}], [1], "So? __eou__ " * 1000]
    content = "\n".join(json.dumps({"turns": row}) for row in rows)
    (workplace / "asked.jsonl").write_text(content, encoding="utf-8")
    done = seqloom("batch", CHAMPION, "asked.jsonl", "--to", "replies", "--column", "turns", "--json")
    told = json.loads(done.stdout)
    table = pd.read_parquet(workplace / told["folder"])
    assert table["failure"].tolist()[2] == "of type list, not text"
    assert told["failed"] == 1
    assert table["prediction"][0].startswith("Then somebody comes to room 7 for the kettle")
    assert "kettle" in table["prediction"][1]


def test_another_model_holds_no_conversation(seqloom: Run, first: dict[str, Any]) -> None:
    done = seqloom("chat", f"models:/phrases/{first['version']}", stdin=b"Hello\n")
    assert done.returncode == 2
    assert "holds no conversation: it was not trained with task chat" in done.stderr.splitlines()[-1]


@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("corpus.turn_separator=;", "talks.txt: no line has two turns with ';' between them"),
        ("corpus.turns=0", "task chat needs corpus.turns"),
        ("task=translation", "corpus.format texts has no translations"),
    ],
)
def test_a_mistake_is_one_sentence(seqloom: Run, override: str, sentence: str) -> None:
    refused(seqloom, sentence, "check", "desk.yaml", override)
