"""Limits on requests, and the errors that name them."""

from pathlib import Path
from typing import Any

import pytest

from seqloom.decoding.predictor import Predictor
from seqloom.decoding.request_limits import RequestLimits, rows_at_once
from seqloom.errors import UserError
from seqloom.recipe.schema import DecodingSection, ServingSection
from tests.registry.tiny import write_checkpoint

SMALL = {"rows": 5, "characters": 60, "beam_size": 6, "num_samples": 3, "max_length": 250, "attention_rows": 2}


@pytest.fixture(scope="module")
def answering(tmp_path_factory: pytest.TempPathFactory) -> Predictor:
    return Predictor.load(write_checkpoint(tmp_path_factory.mktemp("bounded"), serving=SMALL))


@pytest.mark.parametrize(
    ("rows", "params", "sentence"),
    [
        (1, {"beam_size": 7}, r"params: beam_size is 7, and this version gives 6 at most \(serving.beam_size"),
        (1, {"method": "sample", "num_samples": 4}, "params: num_samples is 4, and this version gives 3 at most"),
        (1, {"max_length": 251}, "params: max_length is 251, and this version gives 250 at most"),
        (1, {"batch_size": 1025}, "params: batch_size is 1,025, and this version gives 1,024 at most"),
        (6, {}, "a request of 6 rows, and this version gives 5 at most .*: ask for less, or in parts"),
        (3, {"return_attention": True}, "return_attention for 3 rows, and this version gives 2 at most"),
        (5, {}, "a request of 65 characters, and this version gives 60 at most"),
    ],
)
def test_more_is_a_sentence(answering: Predictor, rows: int, params: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        answering(["a small dog ."] * rows, params)


def test_so_much_is_answered(answering: Predictor) -> None:
    asked = {"beam_size": 6, "max_length": 250, "batch_size": 1024}
    assert len(answering(["a small dog"] * 5, asked)["prediction"]) == 5
    assert len(answering(["a", "b"], {"return_attention": True})["attention"]) == 2


def test_a_recipe_never_asks_too_much_of_itself(tmp_path: Path) -> None:
    own = {"beam_size": 9, "max_length": 400, "batch_size": 300}
    folder = write_checkpoint(tmp_path, serving={**SMALL, "batch_size": 8}, decoding=own)
    assert Predictor.load(folder)(["a small dog"], {})["prediction"]


def test_the_probabilities_of_many_labels_are_many_numbers() -> None:
    bounds = RequestLimits(ServingSection(), DecodingSection(), labels=1000)
    bounds.check_rows(2000, attention=False)
    with pytest.raises(UserError, match="with 1,000 labels this version answers 2,000 at once, ask in parts"):
        bounds.check_rows(2001, attention=False)


@pytest.mark.parametrize(
    ("decoding", "rows"),
    [
        ({}, 64),
        ({"beam_size": 256}, 8),
        ({"batch_size": 100_000}, 409),
        ({"beam_size": 1, "batch_size": 100_000}, 2048),
        ({"method": "sample", "num_samples": 256, "batch_size": 100}, 8),
    ],
)
def test_a_batch_writes_so_much_at_once(decoding: dict[str, Any], rows: int) -> None:
    assert rows_at_once(DecodingSection(**decoding)) == rows
