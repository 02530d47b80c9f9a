"""Learned positions that cannot hold the corpus are told before anything is learned."""

from pathlib import Path
from typing import Any

import pytest

from seqloom.dataset.position_limit import check_lengths
from seqloom.dataset.sequences import write_sequences
from seqloom.errors import UserError
from seqloom.recipe.schema import Recipe

LENGTHS = {"train": (5, 3), "validation": (2, 6), "test": (7, 4)}  # of the longest source and target


@pytest.fixture
def batches(tmp_path: Path) -> Path:
    for split, lengths in LENGTHS.items():
        for side, length in zip(("source", "target"), lengths, strict=True):
            write_sequences(tmp_path / f"{split}.{side}", [[[4] * length, [4]]])
    return tmp_path


def recipe(places: int, training: dict[str, Any] | None = None, **model: Any) -> Recipe:
    return Recipe.model_validate(
        {
            "name": "x",
            "corpus": {"train": ["x"]},
            "vocabulary": {"shared": True},
            "model": {"positions": "learned", "max_positions": places, **model},
            "training": training or {},
            "decoding": {"max_length": 1},
        }
    )


BOTH = {"encoder": "transformer", "decoder": "transformer"}


@pytest.mark.parametrize(
    ("model", "training", "needed", "said"),
    [
        (BOTH, {}, 8, "the longest source of the test split has 7 tokens"),
        ({"encoder": "cnn", "decoder": "lstm"}, {}, 8, "the longest source of the test split has 7 tokens"),
        ({"encoder": "lstm", "decoder": "cnn"}, {}, 7, "the longest target of the validation split has 6 tokens"),
        ({"encoder": "none", "decoder": "transformer"}, {}, 12, "source with its target of the test split has 11"),
        (BOTH, {"objective": "masked"}, 8, "the longest source of the test split has 7 tokens"),
    ],
)
def test_the_longest_text_has_to_fit(
    model: dict[str, Any], training: dict[str, Any], needed: int, said: str, batches: Path
) -> None:
    check_lengths(recipe(needed, training, **model), batches)
    with pytest.raises(UserError, match=said) as told:
        check_lengths(recipe(needed - 1, training, **model), batches)
    assert f"raise it to {needed}," in str(told.value)


@pytest.mark.parametrize("model", [{"positions": "rotary", **BOTH}, {"encoder": "lstm", "decoder": "lstm"}])
def test_who_learns_no_places_has_no_bound(model: dict[str, Any], batches: Path) -> None:
    check_lengths(recipe(2, **model), batches)


def test_running_text_is_read_row_by_row(batches: Path) -> None:
    section = recipe(4, {"block_size": 4}, encoder="none", decoder="transformer").model_dump()
    running = {**section, "task": "generation", "corpus": {"train": ["x"], "format": "running"}}
    check_lengths(Recipe.model_validate(running), batches)


def test_answers_have_to_fit_too() -> None:
    with pytest.raises(ValueError, match="max_length 20 is more than the 11 tokens that"):
        Recipe.model_validate(
            {
                "name": "x",
                "corpus": {"train": ["x"]},
                "model": {"positions": "learned", "max_positions": 12, **BOTH},
                "decoding": {"max_length": 20},
            }
        )
