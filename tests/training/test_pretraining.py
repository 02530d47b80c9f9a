"""From raw text to a classifier: the encoder and its vocabulary come from a masked language model of another corpus."""

from pathlib import Path
from typing import Any

import pytest

from seqloom import pipeline
from seqloom.artifact.cache_key import VOCABULARY
from seqloom.errors import UserError
from seqloom.models.model_factory import read_checkpoint
from seqloom.recipe.recipe_json import read_recipe
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.registry.preflight import check_resources
from seqloom.vocabulary.stage import load_vocabularies

ENCODER = {"encoder": "gru", "encoder_width": 6, "encoder_layers": 1}
COMMON: dict[str, Any] = {
    "vocabulary": {"kind": "word", "min_frequency": 1},
    "vectors": {"width": 8, "method": "none"},
}


def test_raw_text_then_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    words = ["good", "bad", "film", "plot", "rather", "quite", "never"]
    raw = [f"{one} {two} {three} rareword" for one in words for two in words for three in words]
    (tmp_path / "raw.txt").write_text("".join(f"{line}\n" for line in raw[:200]), "utf-8")
    labeled = [f"{'1' if 'good' in line else '0'} {line.replace(' rareword', '')}" for line in raw[::5]]
    (tmp_path / "labels.txt").write_text("".join(f"{line}\n" for line in labeled), "utf-8")
    encoder = pipeline.train(
        {
            "name": "raw",
            "task": "reconstruction",
            "corpus": {"train": [str(tmp_path / "raw.txt")], "format": "texts"},
            "model": {**ENCODER, "attention": "none"},
            "training": {"objective": "masked", "epochs": 1, "label_smoothing": 0.0},
            **COMMON,
        }
    )
    labels = {
        "name": "labels",
        "task": "sentiment",
        "corpus": {"train": [str(tmp_path / "labels.txt")], "format": "labeled", "validation_share": 0.2},
        "model": {**ENCODER, "decoder": "classifier"},
        "training": {"epochs": 1, "learning_rate": 1e-9, "start_encoder_from": str(encoder.folder)},
        **COMMON,
    }
    model = pipeline.train(labels)
    source, target = load_vocabularies(model.folder)
    assert source.tokens == load_vocabularies(encoder.folder)[0].tokens
    assert "▁rareword" in source.tokens, "which no labeled row has"
    assert sorted(target.tokens[4:]) == ["0", "1"]
    learned = read_checkpoint(read_recipe(encoder.folder).model, encoder.folder, "masked")
    own = model.generator.model
    for name, weight in learned.encoder.state_dict().items():
        assert own.encoder.state_dict()[name].allclose(weight, atol=1e-5), name
    assert model.evaluate()

    with pytest.raises(UserError, match=r"start_encoder_from: .*nowhere is not a checkpoint folder"):
        pipeline.train(labels, "training.start_encoder_from=nowhere")


def test_an_encoder_is_no_version() -> None:
    corpus = {"train": ["raw.txt"], "format": "texts"}
    tree = {"name": "x", "task": "reconstruction", "corpus": corpus, "training": {"objective": "masked"}}
    with pytest.raises(UserError, match="writes nothing back, so there is no version to register"):
        check_resources(check_recipe(tree, "recipe"))


def test_another_encoder_is_another_vocabulary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The key of the vocabulary depends on the encoder's, and on no file that happens to lie here."""
    monkeypatch.chdir(tmp_path)
    keys = []
    for content in ("", "one", "two"):
        (tmp_path / "source.json").write_text(content)
        start = str(tmp_path) if content else ""
        tree = {"name": "x", "corpus": {"train": ["a"]}, "training": {"start_encoder_from": start}}
        keys.append(VOCABULARY.key(check_recipe(tree, "recipe"), ["corpus"]))
    (tmp_path / "source.json").write_text("three")
    plain = check_recipe({"name": "x", "corpus": {"train": ["a"]}}, "recipe")
    assert len(set(keys)) == 3
    assert VOCABULARY.key(plain, ["corpus"]) == keys[0]
