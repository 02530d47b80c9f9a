"""Validation metrics during training: the rows chosen, and their scores."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from seqloom.evaluation import validation_scores
from seqloom.evaluation.row_sample import sample_by_text
from seqloom.evaluation.sacrebleu_scores import text_scores
from seqloom.evaluation.validation_scores import ValidationText, rows_scored, validation_text
from seqloom.models.model_factory import Sizes, build_model
from seqloom.recipe.schema import DecodingSection, Recipe
from seqloom.vocabulary.special_tokens import SPECIAL_TOKENS, VOCABULARY_FILES
from seqloom.vocabulary.vocabulary import Vocabulary

LABELS = {"task": "sentiment", "model": {"encoder": "cnn", "decoder": "classifier", "encoder_width": 8}}


def validation(folder: Path, rows: pd.DataFrame, targets: list[str], **fields: object) -> ValidationText:
    """Of a corpus with these validation rows, by words of their own."""
    rows.to_parquet(folder / "validation.parquet", index=False)
    words = sorted({f"▁{word}" for text in rows["source"] for word in text.split()})
    for file, tokens in zip(VOCABULARY_FILES, (words, [f"▁{target}" for target in targets]), strict=True):
        Vocabulary.of_words([*SPECIAL_TOKENS, *tokens]).save(folder / file)
    recipe = Recipe.model_validate({"name": "x", "corpus": {"train": ["x"]}, **fields})
    (folder / "recipe.json").write_text(recipe.model_dump_json(), encoding="utf-8")
    return validation_text(str(folder), str(folder), str(folder), str(folder / "recipe.json"))


def table(rows: int) -> pd.DataFrame:
    """Sorted by what is wanted."""
    sources = [f"text {row}" for row in range(rows)]
    return pd.DataFrame({"source": sources, "target": ["neg" if 2 * row < rows else "pos" for row in range(rows)]})


def test_all_labels_choose_the_epoch_however_they_are_sorted(tmp_path: Path) -> None:
    found = validation(tmp_path, table(2 * validation_scores.ROWS + 2), ["neg", "pos"], **LABELS)
    assert (
        len(found.rows.references)
        == rows_scored("sentiment", 2 * validation_scores.ROWS + 2)
        == 2 * validation_scores.ROWS + 2
    )
    assert found.rows.references.count("neg") == found.rows.references.count("pos")
    torch.manual_seed(0)
    section = Recipe.model_validate({"name": "x", "corpus": {"train": ["x"]}, **LABELS}).model
    sizes = Sizes(len(found.source), len(found.target), 8, False)
    always = build_model(section, sizes).eval()
    with torch.no_grad():
        always.output.bias[len(SPECIAL_TOKENS)] = 1e4
    assert found(always) == pytest.approx({"accuracy": 0.5, "macro_f1": 1 / 3})


def test_of_texts_a_sample_chooses_it(tmp_path: Path) -> None:
    found = validation(tmp_path, table(3 * validation_scores.ROWS), ["neg", "pos"])
    assert (
        len(found.rows.references) == rows_scored("translation", 3 * validation_scores.ROWS) == validation_scores.ROWS
    )
    assert found.rows.references.count("neg") == pytest.approx(validation_scores.ROWS / 2, rel=0.15)
    assert rows_scored("translation", 7) == 7


def test_a_sample_is_of_what_stands_in_the_rows() -> None:
    rows = table(500)
    chosen = sample_by_text(rows, 100)
    assert len(chosen) == 100
    assert chosen.index.is_monotonic_increasing
    shuffled = rows.iloc[np.random.default_rng(1).permutation(len(rows))]
    assert set(sample_by_text(shuffled, 100)["source"]) == set(chosen["source"])
    assert set(sample_by_text(rows, 150)["source"]) > set(chosen["source"])
    for period in (2, 3, 5, 7):
        shares = np.bincount(chosen.index.to_numpy() % period) / 100
        assert shares.min() > 0.5 / period
    assert sample_by_text(rows, 500) is rows


class Answerer:
    """A model that knows what it says to each text, and how it was asked."""

    def __init__(self, say: Callable[[str], str]) -> None:
        self.say = say
        self.decoding: list[DecodingSection] = []

    def answer(self, texts: Sequence[str], decoding: DecodingSection, *_: object) -> list[str]:
        self.decoding.append(decoding)
        return [self.say(text) for text in texts]

    def reply(self, texts: Sequence[str], decoding: DecodingSection, *_: object) -> dict[str, list[str]]:
        return {"prediction": self.answer(texts, decoding)}


def test_some_dozen_texts_are_judged_as_a_whole_and_greedily(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the recipe decodes with; of the first third every answer is right, of the others none."""
    right = {f"text {number}": f"das ist der {number}. Satz im Text" for number in range(60)}
    answerer = Answerer(lambda text: right[text] if int(text.split()[1]) < 20 else "etwas anderes")
    monkeypatch.setattr(validation_scores, "generator_of", lambda *_, **__: answerer)
    rows = pd.DataFrame({"source": right.keys(), "target": right.values()})
    found = validation(tmp_path, rows, ["x"], decoding={"method": "sample", "beam_size": 7})
    figures = found(None)  # type: ignore[arg-type]  (who answers is patched)
    expected = text_scores(["chrf"], [answerer.say(source) for source in right], [*right.values()], "")
    assert figures["chrf"] == pytest.approx(expected["chrf"].value)
    assert 20 < figures["chrf"] < 60
    assert {(each.method, each.beam_size) for each in answerer.decoding} == {("beam", 1)}
