"""Checkpoints of 0.1, one of every architecture: their weights are found by the names they had, and answer as they did.

The fixture tells each architecture's recipe, the names and shapes of its weights, and what it answered; the weights
themselves follow from a formula (tests/fixtures/README.md).
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from seqloom.decoding import int8_quantization
from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.generator_loader import load_generator, read_generator
from seqloom.models.earlier_weights import current_name
from seqloom.models.model_factory import SIZES_FILE, WEIGHTS_FILE, read_checkpoint
from seqloom.recipe.recipe_json import RECIPE_FILE, read_recipe

EARLIER = json.loads((Path(__file__).parents[1] / "fixtures" / "architectures_0_1.json").read_text(encoding="utf-8"))


def weight(number: int, dtype: str, *shape: int) -> NDArray[Any]:
    """The weight of this number among those of a model, by name: a sine, so that no library's luck is in it."""
    size = int(np.prod(shape))
    values = np.arange(size) if dtype.startswith("int") else 0.3 * np.sin(np.arange(1, size + 1) * (number + 1) * 1.7)
    return values.reshape(shape).astype(dtype)


def write_earlier(name: str, folder: Path) -> None:
    """The checkpoint folder of an architecture, as 0.1 wrote it."""
    told, base = EARLIER["architectures"][name], EARLIER["recipe"]
    changed = told["recipe"]
    recipe = {
        key: {**base[key], **changed.get(key, {})} if isinstance(base[key], dict) else changed.get(key, base[key])
        for key in base
    }
    (folder / RECIPE_FILE).write_text(json.dumps(recipe), encoding="utf-8")
    (folder / SIZES_FILE).write_text(json.dumps(told["sizes"]), encoding="utf-8")
    for file, vocabulary in EARLIER["vocabularies"].items():
        (folder / file).write_text(json.dumps(vocabulary), encoding="utf-8")
    weights = {name: weight(number, *shape) for number, (name, shape) in enumerate(told["weights"].items())}
    save_file(weights, folder / WEIGHTS_FILE)


@pytest.mark.parametrize("name", EARLIER["architectures"])
def test_a_checkpoint_of_an_earlier_version_answers_as_it_did(name: str, tmp_path: Path) -> None:
    write_earlier(name, tmp_path)
    recipe = read_recipe(tmp_path)
    model = read_checkpoint(recipe.model, tmp_path, recipe.training.objective)  # refuses a name that does not fit
    expected = EARLIER["architectures"][name]["answers"]
    if expected is None:  # an encoder that was trained on hidden tokens, which answers nothing
        assert sum(value.numel() for value in model.parameters()) > 0
        return
    answers = [found[0] for found in read_generator(tmp_path).answer(EARLIER["texts"], recipe.decoding)]
    assert [answer.text for answer in answers] == [text for text, _ in expected]
    assert [answer.score for answer in answers] == pytest.approx([score for _, score in expected], abs=1e-4)


@pytest.mark.parametrize("name", ["transformer-rotary", "deep-additive-forward-tied", "covering", "wide-classifier"])
def test_what_was_exported_to_8_bits_answers(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such a backend has the names of the checkpoint that it was made of."""
    monkeypatch.setattr(int8_quantization, "MIN_NUMBERS", 1)
    (tmp_path / "earlier").mkdir()
    write_earlier(name, tmp_path / "earlier")
    export(tmp_path / "earlier", tmp_path / "backend", "torch-int8")
    stored = load_file(tmp_path / "backend" / WEIGHTS_FILE).keys()
    assert EARLIER["architectures"][name]["weights"].keys() <= stored
    decoding = read_recipe(tmp_path / "backend").decoding
    answers = [found[0] for found in load_generator(tmp_path / "backend").answer(EARLIER["texts"], decoding)]
    expected = [score for _, score in EARLIER["architectures"][name]["answers"]]
    assert [answer.score for answer in answers] == pytest.approx(expected, abs=0.1)


def test_names_of_today_are_not_renamed() -> None:
    for told in EARLIER["architectures"].values():
        renamed = [current_name(name) for name in told["weights"]]
        assert len(set(renamed)) == len(renamed)
        assert [current_name(name) for name in renamed] == renamed


def test_every_kind_of_encoder_and_decoder_is_among_them() -> None:
    base = EARLIER["recipe"]["model"]
    models = [{**base, **told["recipe"].get("model", {})} for told in EARLIER["architectures"].values()]
    assert {model["encoder"] for model in models} == {"rnn", "lstm", "gru", "cnn", "transformer", "none"}
    assert {model["decoder"] for model in models} == {"rnn", "lstm", "gru", "cnn", "transformer", "classifier"}
