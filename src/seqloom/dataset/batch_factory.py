"""A split of the batches stage as the model of a recipe learns from it."""

from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.dataset.lm_blocks import BlockBatches
from seqloom.dataset.objectives import form_of

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe


def open_batches(recipe: "Recipe", folder: Path, split: str) -> BucketedBatches:
    """Open a split of the recipe's batches in `folder`."""
    section = recipe.training
    if recipe.corpus.format == "running":
        return BlockBatches.open_running(folder, split, section.block_size, section.batch_tokens)
    return BucketedBatches.open(folder, split, section.batch_tokens, form_of(recipe.model, section.objective))
