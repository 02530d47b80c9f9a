"""Check, before training, that the texts of a corpus fit the learned positions."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.corpus import SPLITS
from seqloom.dataset.stage import open_split
from seqloom.dataset.training_objectives import Joined, layout_of
from seqloom.errors import UserError
from seqloom.recipe.model_rules import sides_with_learned_positions
from seqloom.recipe.recipe_rules import window_of

if TYPE_CHECKING:
    from seqloom.dataset.sequences import Sequences
    from seqloom.recipe.schema import Recipe


def check_lengths(recipe: "Recipe", folder: Path) -> None:
    """Check the longest text of each split of the dataset in `folder`.

    Raises:
        UserError: a text with its START or END does not fit `model.max_positions`.
    """
    if window_of(recipe) or not sides_with_learned_positions(recipe.model):
        return
    longest = {
        (split, text): int(sequences.lengths.max()) + 1
        for split in SPLITS
        for text, sequences in _read_by_place(recipe, folder, split)
    }
    (split, text), needed = max(longest.items(), key=lambda pair: pair[1])
    held = recipe.model.max_positions
    if needed > held:
        raise UserError(
            f"the longest {text} of the {split} split has {needed - 1} tokens, and model.max_positions "
            f"{held} holds {held - 1}: raise it to {needed}, lower corpus.max_characters, or set model.positions to "
            "sinusoidal or rotary"
        )


def _read_by_place(recipe: "Recipe", folder: Path, split: str) -> Iterator[tuple[str, "Sequences"]]:
    """Yield the texts of a split that a side with learned positions reads, with their names."""
    source, target = open_split(folder, split)
    sides, layout = sides_with_learned_positions(recipe.model), layout_of(recipe.model, recipe.training.objective)
    if layout == "texts":
        yield "source with its target", Joined(source, target)
        return
    if "encoder" in sides:
        yield "source", source
    if "decoder" in sides and layout == "pairs":
        yield "target", target
