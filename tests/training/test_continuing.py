"""Going on from another model: every weight of it, and new tokens where their vectors say they belong."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.model_factory import Sizes, build_model, save_checkpoint
from seqloom.recipe.recipe_json import write_recipe
from seqloom.recipe.schema import CorpusSection, ModelSection, Recipe, VocabularySection
from seqloom.training.warm_start import continue_from
from tests.models.plain import plain_model
from tests.training.small import SHARED, SIZES, same_bits, weights

ARCHITECTURES: list[dict[str, Any]] = [
    {},
    {"tie_embeddings": False},
    {"copy_attention": True, "coverage": 1.0},
    {"encoder": "gru", "decoder": "rnn", "attention": "none", "variational_dropout": True},
    {"encoder": "transformer", "decoder": "transformer", "heads": 2, "encoder_width": 8, "decoder_width": 8},
    {"encoder": "cnn", "decoder": "cnn", "encoder_width": 8, "decoder_width": 8, "positions": "learned"},
]


def model_of(section: ModelSection, sizes: Sizes, seed: int) -> EncoderDecoder:
    torch.manual_seed(seed)
    return build_model(section, sizes)


def parent_in(folder: Path, section: ModelSection, sizes: Sizes) -> EncoderDecoder:
    parent = model_of(section, sizes, 1)
    save_checkpoint(parent, sizes, folder)
    vocabulary = VocabularySection(shared=sizes.shared)
    task = "sentiment" if section.decoder == "classifier" else "translation"
    recipe = Recipe(name="parent", task=task, corpus=CorpusSection(train=["x"]), vocabulary=vocabulary, model=section)
    write_recipe(recipe, folder)
    return parent


@pytest.mark.parametrize("change", ARCHITECTURES)
def test_the_same_vocabulary_gives_the_same_model(tmp_path: Path, change: dict[str, Any]) -> None:
    section = plain_model(**{"encoder_width": 6, "decoder_width": 10, **change})
    sizes = SHARED if section.copy_attention else SIZES
    parent, child = parent_in(tmp_path, section, sizes), model_of(section, sizes, 2)
    assert not same_bits(weights(parent), weights(child))
    continue_from(child, tmp_path)
    assert same_bits(weights(parent), weights(child))


@pytest.mark.parametrize("change", ARCHITECTURES)
def test_a_longer_vocabulary_keeps_every_old_weight(tmp_path: Path, change: dict[str, Any]) -> None:
    section = plain_model(**{"encoder_width": 6, "decoder_width": 10, **change})
    sizes = SHARED if section.copy_attention else SIZES
    longer = Sizes(sizes.source + 3, sizes.target + (3 if sizes.shared else 5), sizes.width, sizes.shared)
    parent, child = parent_in(tmp_path, section, sizes), model_of(section, longer, 2)
    continue_from(child, tmp_path)
    new = weights(child)
    for name, old in weights(parent).items():
        assert new[name][: len(old)].equal(old), name
        assert new[name].isfinite().all()


def turned(rows: Tensor, seed: int) -> Tensor:
    """The same rows seen from elsewhere: turned and scaled."""
    torch.manual_seed(seed)
    rotation, _ = torch.linalg.qr(torch.randn(rows.shape[1], rows.shape[1]))
    return 3.7 * rows @ rotation


def test_new_words_stand_among_the_old_as_their_vectors_do(tmp_path: Path) -> None:
    """Vectors that are the parent's space turned and scaled bring each new word to its place in it."""
    section = plain_model(encoder_width=6, decoder_width=10)
    parent = parent_in(tmp_path, section, SIZES)
    old = parent.source_embedding.weight.detach()
    torch.manual_seed(3)
    expected = torch.randn(4, SIZES.width)
    child = model_of(section, Sizes(SIZES.source + 4, SIZES.target, SIZES.width, False), 2)
    with torch.no_grad():
        child.source_embedding.weight.copy_(turned(torch.cat([old, expected]), 4))
    continue_from(child, tmp_path)
    torch.testing.assert_close(child.source_embedding.weight[SIZES.source :], expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("before", [0, 2])
def test_the_linear_part_is_not_the_parents(before: int, tmp_path: Path) -> None:
    """It is fitted to the rows of today, which have other runs; and the parent may have had none."""
    fields = {"encoder": "cnn", "decoder": "classifier", "encoder_width": 6}
    parent = parent_in(tmp_path, plain_model(**fields, ngram_order=before), replace(SIZES, runs=7))
    child = model_of(plain_model(**fields, ngram_order=2), replace(SIZES, runs=9), 2)
    continue_from(child, tmp_path)
    assert child.get_buffer("linear.weights").equal(torch.zeros(9, SIZES.target - 4))
    assert child.source_embedding.weight.equal(parent.source_embedding.weight)
