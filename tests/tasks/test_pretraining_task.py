"""The pretraining of a recipe is found by its folder, and its absence ends nothing."""

from pathlib import Path

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.schema import Recipe
from tasks.pretraining_task import encoder_of


def test_a_pretraining_that_was_cleaned_up_is_none(tmp_path: Path) -> None:
    folder = tmp_path / "pretraining"
    recipe = Recipe.model_validate(
        {
            "name": "a",
            "corpus": {"train": ["a.tsv"]},
            "pretraining": {"corpus": ["raw.txt"]},
            "training": {"start_encoder_from": str(folder)},
        }
    )
    assert encoder_of(recipe) is None
    folder.mkdir()
    made = Manifest("pretraining", "key", "digest", str(folder), 1.0)
    made.write(folder)
    assert encoder_of(recipe) == made
