"""Training forecast: the number of updates, and their time on this machine.

The text is encoded and batched as in training. Characters do not suffice for an estimate: a token has two of them in
a small table and four in a large one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from seqloom.artifact.cache_key import DATASET, TRAINING, VOCABULARY
from seqloom.artifact.manifest import Manifest
from seqloom.dataset.batch_factory import open_batches
from seqloom.dataset.position_limit import check_lengths
from seqloom.dataset.stage import encode_corpus
from seqloom.progress import Progress
from seqloom.recipe.applications import application_of
from seqloom.recipe.schema import Recipe
from seqloom.registry.parent_version import parent_of
from seqloom.vocabulary.stage import build_vocabulary


@dataclass(frozen=True)
class Forecast:
    """Share of unknown tokens in the encoded text, and the updates and time of its training."""

    unknown: dict[str, float]  # share of the tokens of each side of the validation text that the vocabulary lacks
    updates: int  # of all epochs, if patience does not end them
    done: bool  # whether the training is finished
    seconds: float | None = None  # that the updates take here, roughly, if they were timed


def forecast(
    recipe: Recipe,
    corpus: Path,
    made: Mapping[str, Manifest],
    folder: Path,
    home: Path,
    progress: Progress,
    timed: bool,
) -> Forecast:
    """Learn the vocabulary and encode the text in `folder`, unless `made` already, and estimate the training.

    Updates are made and timed only if `timed`, and if the training is not finished: PyTorch alone takes longer to load
    than a small corpus to read.

    Raises:
        UserError: the vocabulary or `model.max_positions` does not fit the text.
    """
    labeled = application_of(recipe.task).answer == "label"
    vocabulary, dataset = folder / "vocabulary", folder / "dataset"
    if VOCABULARY.name in made:
        vocabulary, facts = made[VOCABULARY.name].path, made[VOCABULARY.name].facts
    else:
        vocabulary.mkdir()
        facts = build_vocabulary(
            recipe.vocabulary,
            corpus,
            vocabulary,
            progress,
            parent_of(recipe, home),
            labeled,
            recipe.training.start_encoder_from,
        )
    if DATASET.name in made:
        dataset = made[DATASET.name].path
    else:
        dataset.mkdir()
        encode_corpus(corpus, vocabulary, dataset, progress)
    check_lengths(recipe, dataset)
    updates = open_batches(recipe, dataset, "train").updates(recipe.training)
    coming = Forecast(dict(facts["unknown"]), updates, TRAINING.name in made)
    if coming.done or not timed:
        return coming
    return replace(coming, seconds=updates * _seconds_of_update(recipe, facts["size"], dataset))


def _seconds_of_update(recipe: Recipe, size: Mapping[str, int], dataset: Path) -> float:
    from seqloom.training.time_estimate import seconds_of_update  # torch: seconds of imports

    return seconds_of_update(recipe, (size["source"], size["target"]), dataset)
