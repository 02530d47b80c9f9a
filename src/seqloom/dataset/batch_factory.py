"""Batches of a split, in the layout that a recipe's model is trained on."""

from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.dataset.lm_blocks import BlockBatches
from seqloom.dataset.source_weights import SourceWeights
from seqloom.dataset.training_objectives import layout_of
from seqloom.recipe.sampling_weights import weights_of_sources

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe


def open_batches(recipe: "Recipe", folder: Path, split: str) -> BucketedBatches:
    """Open a split of the dataset in `folder`."""
    section = recipe.training
    if recipe.corpus.format == "running":
        return BlockBatches.open_running(folder, split, section.block_size, section.batch_tokens)
    weights = SourceWeights.open(folder, weights_of_sources(recipe)) if split == "train" else None
    layout = layout_of(recipe.model, section.objective)
    return BucketedBatches.open(folder, split, section.batch_tokens, layout, weights)
