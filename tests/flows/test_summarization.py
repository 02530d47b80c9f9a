"""Subjects for notes from a JSONL, end to end: rows that cannot be used, a training, the registered model asked."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.flows.a_task import refused, trained
from tests.flows.conftest import Run

DATA = Path(__file__).parents[2] / "data" / "notices.jsonl"
RECIPE = """
name: subjects
task: summarization
corpus: {train: [notices.jsonl], source_column: note, target_column: subject, source_language: en, target_language: en}
vocabulary: {kind: word, shared: true, min_frequency: 1}
vectors: {width: 32, epochs: 1}
model: {encoder: gru, decoder: gru, encoder_width: 32, decoder_width: 32, copy_attention: true, coverage: 1, dropout: 0}
training: {epochs: 4, batch_tokens: 1024, learning_rate: 0.02, select_by: rougeL}
decoding: {beam_size: 2, max_length: 20}
registry: {beat_baselines: false}
"""
CHAMPION = "models:/subjects@champion"
NOTE = "Dear guests. On Monday the lamp of room 7 is going to be cleaned by Novak. Breakfast is served as usual."
UNUSABLE = [
    {"note": "", "subject": "nothing"},
    {"note": None, "subject": "nothing"},
    {"note": "Mr. X is here.", "subject": " "},
]


@pytest.fixture(scope="module")
def subjects(seqloom: Run, workplace: Path) -> dict[str, Any]:
    rows = DATA.read_text(encoding="utf-8") + "".join(json.dumps(row) + "\n" for row in UNUSABLE)
    (workplace / "notices.jsonl").write_text(rows, encoding="utf-8")
    (workplace / "subjects.yaml").write_text(RECIPE, encoding="utf-8")
    return trained(seqloom, "subjects.yaml", "ROUGE-L", "lead sentence", "nearest training", "new words")


def test_rows_without_a_text_or_a_summary_are_rejects_with_their_reason(
    subjects: dict[str, Any], workplace: Path
) -> None:
    assert subjects["version"] == 1
    artifacts = workplace / ".seqloom" / "artifacts"  # of other tests too
    table = pd.concat([pd.read_parquet(rejects) for rejects in artifacts.rglob("rejects.parquet")])
    reasons = table[table["file"].str.endswith("notices.jsonl")]["reason"].value_counts()
    assert reasons.to_dict() == {"empty source": 2, "empty target": 1}


def test_it_says_what_was_measured(subjects: dict[str, Any]) -> None:
    metrics = subjects["metrics"]
    assert metrics["baseline/lead/new_words"] == 0
    assert metrics["baseline/nearest/rougeL"] > metrics["baseline/lead/rougeL"] > 0
    assert metrics["test/rougeL"] > metrics["baseline/lead/rougeL"]
    assert 0.3 < metrics["test/length_ratio"] < 3
    assert subjects["aliases"] == ["champion"]


@pytest.mark.usefixtures("subjects")
def test_a_note_gets_a_subject_and_nothing_gets_none(seqloom: Run) -> None:
    subject, nothing = json.loads(seqloom("generate", CHAMPION, NOTE, "", "--json").stdout)["outputs"]
    assert "room" in subject
    assert nothing == ""


@pytest.mark.usefixtures("subjects")
@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("corpus.source_column=body", "notices.jsonl line 1: no key 'body' (its keys: note, subject)"),
        ("corpus.target_language=de", "set both to one language"),
        ("vocabulary.shared=false", "set vocabulary.shared to true"),
        ("evaluation.metric=bleu", "set it to auto, rouge1, rouge2, rougeL"),
    ],
)
def test_a_mistake_is_one_sentence(seqloom: Run, override: str, sentence: str) -> None:
    refused(seqloom, sentence, "check", "subjects.yaml", override)
