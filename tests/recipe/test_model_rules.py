"""Every architecture that makes no sense, and the sentence that says how to mend it."""

from typing import Any

import pytest

from seqloom.errors import UserError
from seqloom.models.model_factory import Sizes, build_model
from seqloom.recipe.model_rules import positions_of
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import Recipe
from tests.models.plain import plain_model


def checked(model: dict[str, Any], **sections: Any) -> Recipe:
    task = "sentiment" if model.get("decoder") == "classifier" else "translation"
    return check_recipe(
        {"name": "small", "task": task, "corpus": {"train": ["x"]}, "model": model, **sections}, "recipe"
    )


@pytest.mark.parametrize(
    ("model", "remedy"),
    [
        ({"encoder": "none", "decoder": "classifier"}, "needs an encoder to read the source: set encoder to another"),
        ({"decoder": "classifier", "tie_embeddings": False}, "leave tie_embeddings at true"),
        ({"decoder": "classifier", "attention": "multiplicative"}, "remove it, or set decoder to rnn, lstm or gru"),
        (
            {"decoder": "lstm", "pooling": "max"},
            "pooling max is a classifier's: set decoder to classifier or remove pooling",
        ),
        (
            {"encoder": "gru", "decoder": "gru", "ngram_order": 2},
            "ngram_order is a classifier's: set decoder to classifier or remove ngram_order",
        ),
        ({"encoder": "none", "attention": "multiplicative"}, "nothing for attention multiplicative to see: remove"),
        (
            {"encoder": "lstm", "decoder": "transformer", "attention": "none"},
            "a transformer decoder always attends: remove attention",
        ),
        ({"encoder": "gru", "decoder": "cnn", "attention": "none"}, "a cnn decoder always attends: remove attention"),
        ({"decoder": "cnn", "attention": "multiplicative"}, "attention multiplicative is a recurrent decoder's"),
        ({"encoder": "cnn", "positions": "rotary"}, "a cnn cannot turn queries and keys: set positions to sinusoidal"),
        ({"decoder": "cnn", "positions": "rotary"}, "a cnn cannot turn queries and keys: set positions to sinusoidal"),
        ({"encoder": "cnn", "reverse_source": True}, "reverse_source is a recurrent encoder's: remove it, or set"),
        ({"reverse_source": True}, "set bidirectional to false for reverse_source"),
        (
            {"input_feeding": True},
            "input_feeding is of a recurrent decoder with multiplicative attention: set attention",
        ),
        ({"decoder": "cnn", "input_feeding": True}, "input_feeding is of a recurrent decoder with multiplicative"),
        (
            {"encoder": "cnn", "decoder": "transformer", "variational_dropout": True},
            "variational_dropout is a recurrent side's: remove it, or set encoder or decoder to rnn, lstm or gru",
        ),
        ({"coverage": 1.0}, "coverage is of a model that copies: set copy_attention to true or remove coverage"),
        (
            {"copy_attention": True, "decoder": "classifier"},
            "a classifier writes no text to copy into: remove copy_attention",
        ),
        (
            {"copy_attention": True, "encoder": "none"},
            "no attention to copy by: remove copy_attention, or set another encoder",
        ),
        (
            {"copy_attention": True, "attention": "none"},
            "copy_attention copies by attention: set attention to additive or multi",
        ),
        (
            {"encoder": "transformer", "encoder_width": 256, "heads": 3},
            "encoder_width 256 is no multiple of heads 3: change one of them",
        ),
        (
            {"decoder": "transformer", "decoder_width": 12, "positions": "rotary"},
            "rotary positions need an even decoder_width / heads, here it is 3: change one",
        ),
    ],
)
def test_a_refusal_names_the_remedy(model: dict[str, Any], remedy: str) -> None:
    with pytest.raises(UserError) as caught:
        checked(model, vocabulary={"shared": True})
    message = str(caught.value)
    assert message.startswith("recipe: model: ")
    assert remedy in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("model", "vectors", "reason"),
    [
        ({"encoder": "lstm"}, 256, "its encoder is lstm and not transformer"),
        ({}, 256, ""),
        ({"encoder": "transformer", "decoder": "transformer"}, 128, "model.decoder_width are not the same"),
        ({"encoder": "transformer", "decoder": "transformer"}, 256, ""),
    ],
)
def test_a_form_fits_the_model(model: dict[str, Any], vectors: int, reason: str) -> None:
    sections = {"registry": {"backend": "ctranslate2-int8"}, "vectors": {"width": vectors}}
    widths = {"encoder_width": 256, "decoder_width": 256}
    if not reason:
        assert checked({**model, **widths}, **sections).registry.backend == "ctranslate2-int8"
        return
    with pytest.raises(UserError, match=f"registry.backend ctranslate2-int8 cannot run this model: .*{reason}"):
        checked({**model, **widths}, **sections)


def test_a_prompt_needs_the_targets_vocabulary() -> None:
    with pytest.raises(UserError, match=r"encoder none .* set vocabulary\.shared to true"):
        checked({"encoder": "none"}, vocabulary={"kind": "bpe"})


@pytest.mark.parametrize(
    ("training", "remedy"),
    [
        ({"objective": "masked"}, "trains an encoder, and there is none: remove it, or set model.encoder to another"),
        ({"start_encoder_from": "x"}, "starts an encoder, and there is none: remove it, or set model.encoder to"),
        ({"objective": "masked", "select_by": "bleu"}, "writes no text for bleu to judge: set select_by to loss"),
    ],
)
def test_an_encoder_learns_only_where_there_is_one(training: dict[str, Any], remedy: str) -> None:
    with pytest.raises(UserError) as caught:
        checked({"encoder": "none"}, vocabulary={"shared": True}, training=training)
    assert remedy in str(caught.value)


def test_copying_needs_the_targets_vocabulary() -> None:
    with pytest.raises(UserError, match=r"copy_attention writes source tokens .* set vocabulary\.shared to true"):
        checked({"copy_attention": True}, vocabulary={"kind": "bpe"})


@pytest.mark.parametrize(
    "model",
    [
        {"decoder": "classifier"},
        {"decoder": "classifier", "attention": "none", "pooling": "max"},
        {"encoder": "none"},
        {"encoder": "none", "decoder": "transformer", "attention": "none"},
        {"encoder": "cnn", "decoder": "transformer"},
        {"heads": 3},
    ],
)
def test_what_makes_sense_survives_a_form_that_sends_every_default(model: dict[str, Any]) -> None:
    recipe = checked(model, vocabulary={"shared": model.get("decoder") != "classifier"})
    assert check_recipe(recipe.model_dump(), "form") == recipe


@pytest.mark.parametrize(
    ("fields", "meant"),
    [
        ({"encoder": "none", "decoder": "transformer"}, "rotary"),
        ({"encoder": "none", "decoder": "transformer", "positions": "sinusoidal"}, "sinusoidal"),
        ({"encoder": "none", "decoder": "transformer", "decoder_width": 12, "heads": 4}, "sinusoidal"),  # odd heads
        ({"encoder": "none", "decoder": "cnn"}, "sinusoidal"),
        ({"encoder": "transformer", "decoder": "transformer"}, "sinusoidal"),
        ({"encoder": "transformer", "decoder": "transformer", "positions": "learned"}, "learned"),
    ],
)
def test_positions_that_are_meant(fields: dict[str, Any], meant: str) -> None:
    model = plain_model(**fields)
    assert positions_of(model) == meant
    rotary = [part.rotary for part in build_model(model, Sizes(9, 9, 8, True)).modules() if hasattr(part, "rotary")]
    assert set(rotary) <= {meant == "rotary"}
