"""A language model of running text, end to end: what it makes up, what it goes on with, how likely it finds text."""

import json
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pandas as pd
import pytest

from seqloom.cli import answered_texts
from seqloom.errors import UserError
from tests.flows.a_task import trained
from tests.flows.conftest import Run

ROOT = Path(__file__).parents[2]
RECIPE = """
name: diary
task: generation
corpus: {train: [diary.txt], format: running, max_characters: 500, validation_share: 0.1, test_share: 0.1}
vocabulary: {kind: word, shared: true}
vectors: {method: none, width: 48}
model: {encoder: none, decoder: gru, decoder_width: 64, dropout: 0.1}
training: {epochs: 8, batch_tokens: 1024, block_size: 40, learning_rate: 0.015, label_smoothing: 0.0}
decoding: {method: sample, temperature: 0.7, max_length: 40}
"""
CHAMPION = "models:/diary@champion"


@pytest.fixture(scope="module")
def diary(seqloom: Run, workplace: Path) -> dict[str, Any]:
    shutil.copy(ROOT / "data" / "diary.txt", workplace)
    (workplace / "diary.yaml").write_text(RECIPE, encoding="utf-8")
    return trained(seqloom, "diary.yaml")


def lines(seqloom: Run, *arguments: str) -> list[str]:
    done = seqloom("generate", CHAMPION, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_it_foresees_its_text(diary: dict[str, Any]) -> None:
    metrics = diary["metrics"]
    assert metrics["test/word_perplexity"] < 4  # of some ninety words
    assert metrics["test/perplexity"] < metrics["test/word_perplexity"] * 1.2
    assert 1 < metrics["test/character_perplexity"] < 1.5
    assert metrics["baseline/kneser_ney/word_perplexity"] < 10
    assert 0 < metrics["test/distinct1"] < metrics["test/distinct2"] < 1


@pytest.mark.usefixtures("diary")
def test_it_goes_on_from_a_prompt_or_from_nothing(seqloom: Run) -> None:
    (behind,) = lines(seqloom, "Day 7. Anna came and")
    assert behind.startswith("took the")
    (invented,) = lines(seqloom, "")
    assert "↵" in invented
    assert len(set(lines(seqloom, *[""] * 4))) == 4


def test_without_a_text_a_terminal_gets_one_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answered_texts.sys.stdin, "isatty", lambda: True)
    language_model, translator = (Mock(needs_text=needs) for needs in (False, True))
    assert list(answered_texts._lines(None, None, language_model)) == [""]
    with pytest.raises(UserError, match="no text is given"):
        list(answered_texts._lines(None, None, translator))


@pytest.mark.usefixtures("diary")
def test_a_seed_repeats_what_is_drawn_and_a_search_needs_none(seqloom: Run) -> None:
    assert lines(seqloom, "Anna", "-o", "seed=5") == lines(seqloom, "Anna", "-o", "seed=5")
    assert len({*(lines(seqloom, "", "-o", f"seed={seed}")[0] for seed in range(4))}) > 1
    search = ("-o", "method=beam", "-o", "temperature=1", "-o", "beam_size=1")
    assert lines(seqloom, "Anna", "Anna", *search)[0] == lines(seqloom, "Anna", *search)[0]


@pytest.mark.usefixtures("diary")
def test_how_likely_a_text_is(seqloom: Run) -> None:
    told = json.loads(seqloom("generate", CHAMPION, "Anna asked for tea", "tea for asked Anna", "", "--json").stdout)
    likely, unlikely, nothing = told["log_probability"]
    assert unlikely < likely < nothing == 0.0


@pytest.mark.usefixtures("diary")
def test_a_table_of_prompts(seqloom: Run, workplace: Path) -> None:
    pd.DataFrame({"source": ["Boris asked for", "", "In the evening she"]}).to_csv(
        workplace / "prompts.csv", index=False
    )
    done = seqloom("batch", CHAMPION, "prompts.csv", "--to", "continued", "--json")
    assert done.returncode == 0, done.stderr
    table = pd.read_parquet(workplace / json.loads(done.stdout)["folder"])
    assert table["prediction"].notna().all()
    assert table["log_probability"].tolist()[0] < 0.0
    assert any("\n" in text for text in table["prediction"])


@pytest.mark.usefixtures("diary")
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("-o", "method=dice"), "decoding: method must be one of 'beam' or 'sample', not 'dice'"),
        (("-o", "temperature=0"), "decoding: temperature: input should be greater than or equal to 0.01"),
        (("-o", "method=beam"), "temperature 0.7 is of method sample, and method is beam"),
        (("-o", "topk=3"), "did you mean top_k?"),
        (("--from-noise", "2"), "does not write from a fixed-length vector alone"),
    ],
)
def test_what_cannot_be_asked(seqloom: Run, options: tuple[str, ...], sentence: str) -> None:
    texts = () if "--from-noise" in options else ("Anna",)
    done = seqloom("generate", CHAMPION, *texts, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
