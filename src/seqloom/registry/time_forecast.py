"""Training forecast: the number of updates, and their time on this machine.

The text is encoded and batched as in training. Characters do not suffice for an estimate: a token has two of them in
a small table and four in a large one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from seqloom.artifact.cache_key import DATASET, TRAINING, VOCABULARY
from seqloom.artifact.manifest import Manifest
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
    seconds: float  # that they take here, roughly; 0 where they are done


def forecast(
    recipe: Recipe, corpus: Path, made: Mapping[str, Manifest], folder: Path, home: Path, progress: Progress
) -> Forecast:
    """Learn the vocabulary and encode the text in `folder`, unless `made` already, and estimate the training.

    Raises:
        UserError: the vocabulary or `model.max_positions` does not fit the text.
    """
    from seqloom.dataset.batch_factory import open_batches  # torch, which a flow of cached stages has no need of

    labeled = application_of(recipe.task).answer == "label"
    vocabulary, dataset = folder / "vocabulary", folder / "dataset"
    if VOCABULARY.name in made:
        vocabulary, facts = made[VOCABULARY.name].path, made[VOCABULARY.name].facts
    else:
        vocabulary.mkdir()
        facts = build_vocabulary(recipe.vocabulary, corpus, vocabulary, progress, parent_of(recipe, home), labeled)
    if DATASET.name in made:
        dataset = made[DATASET.name].path
    else:
        dataset.mkdir()
        encode_corpus(corpus, vocabulary, dataset, progress)
    check_lengths(recipe, dataset)
    updates = open_batches(recipe, dataset, "train").updates(recipe.training)
    seconds = 0.0 if TRAINING.name in made else updates * _seconds_of_update(recipe, facts["size"], dataset)
    return Forecast(dict(facts["unknown"]), updates, seconds)


def _seconds_of_update(recipe: Recipe, size: Mapping[str, int], dataset: Path) -> float:
    from seqloom.training.time_estimate import seconds_of_update  # torch: seconds of imports

    return seconds_of_update(recipe, (size["source"], size["target"]), dataset)
