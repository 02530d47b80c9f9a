"""The whole stage, from the folders before it to a checkpoint that stands on its own."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.dataset.lm_blocks import BlockBatches
from seqloom.decoding.generator_loader import read_generator
from seqloom.models.model_factory import read_checkpoint
from seqloom.models.pretrained_embeddings import set_pretrained_vectors
from seqloom.recipe.recipe_json import read_recipe
from seqloom.training.training_history import read_history
from seqloom.training.validation import validation_loss
from seqloom.vocabulary.special_tokens import PADDING
from tests.training.small import SIZES, mistake_of, run_stage, write_home

CPU = torch.device("cpu")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return write_home(tmp_path / "home")


def vectors_of(rows: int) -> np.ndarray:
    return np.random.default_rng(rows).normal(0.3, 5.0, size=(rows, SIZES.width)).astype(np.float32)


def test_makes_a_checkpoint_that_stands_on_its_own(home: Path) -> None:
    facts = run_stage(home, {}, {"epochs": 3})
    made = home / "made"
    assert sorted(path.name for path in made.iterdir()) == [
        "history.json",
        "length_limit.json",
        "recipe.json",
        "sizes.json",
        "source.json",
        "target.json",
        "weights.safetensors",
    ]
    recipe = read_recipe(made)
    model = read_checkpoint(recipe.model, made)
    assert not model.training
    validation = BucketedBatches.open(home / "dataset", "validation", recipe.training.batch_tokens)
    loss = validation_loss(model, validation.in_order(), CPU)
    assert facts["validation"]["validation/loss"] == round(loss, 4)
    assert facts["parameters"] == sum(parameter.numel() for parameter in model.parameters())
    assert (facts["epochs"], facts["device"]) == (3, "cpu")
    best = [row for row in read_history(made) if row["epoch"] == facts["best_epoch"] and "validation/loss" in row]
    assert [row["validation/loss"] for row in best] == [loss]


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("tied", [True, False])
def test_embeddings_start_from_the_vectors_and_stay_there_if_frozen(frozen: bool, tied: bool, home: Path) -> None:
    embeddings = {}
    for side, rows in (("source", SIZES.source), ("target", SIZES.target)):
        np.save(home / "vectors" / f"{side}.npy", vectors_of(rows))
        embeddings[side] = nn.Embedding(rows, SIZES.width, padding_idx=PADDING)
        set_pretrained_vectors(embeddings[side], vectors_of(rows), frozen)
    training = {"epochs": 1, "learning_rate": 1e-4, "freeze_embeddings": frozen}
    run_stage(home, {"tie_embeddings": tied}, training)
    model = read_checkpoint(read_recipe(home / "made").model, home / "made")
    for side, embedding in embeddings.items():
        learned = getattr(model, f"{side}_embedding").weight
        assert learned.equal(embedding.weight) == frozen
        torch.testing.assert_close(learned, embedding.weight, rtol=0, atol=0.01)
    assert (model.output.weight is model.target_embedding.weight) == tied


def test_a_side_without_vectors_starts_at_random(home: Path) -> None:
    np.save(home / "vectors" / "source.npy", vectors_of(SIZES.source))
    run_stage(home, {}, {"epochs": 1, "learning_rate": 1e-9, "freeze_embeddings": True})
    model = read_checkpoint(read_recipe(home / "made").model, home / "made")
    spread = SIZES.width**-0.5
    assert float(model.source_embedding.weight.detach()[1:].std()) == pytest.approx(spread, rel=0.01)
    assert float(model.target_embedding.weight.detach()[1:].std()) == pytest.approx(spread, rel=0.2)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 50.0])
@pytest.mark.parametrize("common", [0.0, 30.0])
def test_vectors_start_less_what_they_share_with_the_spread_of_fresh_weights(scale: float, common: float) -> None:
    """Whatever the unit and the middle: what tells one word from another stays in proportion."""
    vectors = vectors_of(100)
    embedding = nn.Embedding(100, SIZES.width, padding_idx=PADDING)
    set_pretrained_vectors(embedding, (vectors + np.float32(common)) * np.float32(scale), frozen=False)
    weight = embedding.weight.detach()
    assert not weight[PADDING].any()
    words, told = weight[PADDING + 1 :], torch.from_numpy(vectors[PADDING + 1 :])
    assert float(words.std(correction=0)) == pytest.approx(SIZES.width**-0.5, rel=0.001)
    torch.testing.assert_close(words.mean(dim=0), torch.zeros(SIZES.width), rtol=0, atol=1e-5)
    apart, expected = words[1:] - words[:-1], told[1:] - told[:-1]
    torch.testing.assert_close(apart / apart.norm(), expected / expected.norm(), rtol=0, atol=1e-5)


def test_vectors_of_zero_stay_zero() -> None:
    embedding = nn.Embedding(3, 2)
    set_pretrained_vectors(embedding, np.zeros((3, 2), dtype=np.float32), frozen=True)
    assert not embedding.weight.any()


def test_a_gpu_that_is_not_there_is_told_before_anything_is_written(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "training.device is cuda" in mistake_of(lambda: run_stage(home, {}, {"device": "cuda"}))
    assert not list((home / "workspace").iterdir())
    assert not list((home / "made").iterdir())


def test_a_shared_vocabulary_is_one_embedding_on_the_disk_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = type(SIZES)(SIZES.target, SIZES.target, SIZES.width, shared=True)
    monkeypatch.setattr("tests.training.small.SIZES", shared)
    for side in ("source", "target"):
        np.save(home / "vectors" / f"{side}.npy", vectors_of(SIZES.target))
    run_stage(home, {}, {"epochs": 2})
    model = read_checkpoint(read_recipe(home / "made").model, home / "made")
    assert model.source_embedding.weight is model.target_embedding.weight is model.output.weight


@pytest.mark.parametrize(("decoder", "window"), [("transformer", 6), ("cnn", 6), ("gru", 0)])
def test_a_model_of_running_text_that_knows_places_reads_windows_of_its_rows(
    decoder: str, window: int, home: Path
) -> None:
    model = {"encoder": "none", "decoder": decoder, "heads": 2, "positions": "learned", "max_positions": 6}
    facts = run_stage(home, model, {"block_size": 6, "epochs": 2})
    generator = read_generator(home / "made")
    assert generator.model.window == window
    assert generator.tokens is None, "a prompt may be of any length"
    judged = BlockBatches.open_running(home / "dataset", "validation", 6, 48).in_order()
    loss = validation_loss(generator.model, judged, CPU)
    assert facts["validation"]["validation/loss"] == pytest.approx(loss, abs=1e-4)


def test_texts_behind_the_last_place_are_told_before_anything_is_learned(home: Path) -> None:
    model = {"encoder": "transformer", "heads": 2, "positions": "learned", "max_positions": 8}
    assert "raise it to 9" in mistake_of(lambda: run_stage(home, model, {}))
    assert not any((home / "workspace").iterdir())
