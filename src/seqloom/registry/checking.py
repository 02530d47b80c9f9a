"""What can be found wrong with a recipe before any work is done."""

import logging
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from seqloom.artifact.stage import STAGES, TRAINING
from seqloom.batches.encoding import encode_corpus
from seqloom.batches.places import check_lengths
from seqloom.corpus.building import build_corpus
from seqloom.corpus.sources import locate
from seqloom.evaluation.answer_limits import certainly_longer
from seqloom.mistake import UserMistake
from seqloom.progress import Progress
from seqloom.recipe.adaptive_defaults import Adapted, adapt, updates_of
from seqloom.recipe.architecture import sides_with_learned_positions, window_of
from seqloom.recipe.corpus_profile import CorpusProfile
from seqloom.recipe.kinds.choosing import kind_of
from seqloom.recipe.schema import Recipe
from seqloom.registry.continuing import parent_of
from seqloom.registry.planning import Step, follow, pinned, read_sources
from seqloom.registry.signing import check_keys
from seqloom.vocabulary.building import SIDES, build_vocabulary
from seqloom.vocabulary.labels import labels_of
from seqloom.vocabulary.unknown import SPELT

logger = logging.getLogger(__name__)


def check_places(recipe: Recipe) -> None:
    """Refuse at once what a later stage would refuse after an hour: no GPU, library or file, or no key that is one.

    Raises:
        UserMistake: one of them is missing, or the key to sign versions with is none.
    """
    check_keys()
    if recipe.training.device == "cuda":
        from seqloom.training.device import choose_device  # torch: seconds of imports

        choose_device(recipe.training.device)
    if recipe.registry.form.startswith("ctranslate2") and not find_spec("ctranslate2"):
        raise UserMistake(f"registry.form {recipe.registry.form} needs CTranslate2: pip install ctranslate2")
    for field in ("source_file", "target_file"):
        file = getattr(recipe.vectors, field)
        if file and not Path(file).is_file():
            raise UserMistake(f"{file}: no such file (looked in {Path.cwd()}); correct vectors.{field}")
    folder = recipe.training.start_encoder_from
    if folder and not Path(folder).is_dir():
        raise UserMistake(f"{folder}: no such folder (looked in {Path.cwd()}); correct training.start_encoder_from")


@dataclass(frozen=True)
class Checked:
    """What a training of a recipe would do, and the text that it would be of."""

    adapted: Adapted  # the recipe as it will be trained, and what its sizes were chosen by
    steps: list[Step]
    corpus: dict[str, Any]  # the facts of its stage
    unknown: dict[str, float]  # share of the tokens of each side of the validation text that the vocabulary lacks
    updates: int  # of the training, roughly, if patience does not end it
    seconds: float  # that they take here, roughly; 0 where they are done


def check_recipe_and_files(recipe: Recipe, home: Path, progress: Progress) -> Checked:
    """The plan and the corpus, after every file of it was read to its end; nothing is kept.

    Raises:
        UserMistake: a file of the recipe is missing, too many rows cannot be used, or its vocabulary or its lengths do
            not fit the text.
    """
    check_places(recipe)
    sources, recipe = read_sources(recipe, home), pinned(recipe, home)
    steps = follow(recipe, home, STAGES, sources)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if steps[0].manifest:
            corpus, facts = steps[0].manifest.path, steps[0].manifest.facts
        else:
            corpus = folder / "corpus"
            corpus.mkdir()
            facts = build_corpus(recipe.corpus, locate(recipe.corpus, home), corpus, progress)
        adapted = adapt(recipe, facts)
        unknown = _check_corpus(adapted.recipe, corpus, folder, home, progress)
    profile = CorpusProfile.of(facts)
    updates = updates_of(adapted.recipe, profile)
    trained = any(step.stage == TRAINING.name and step.cached for step in steps)
    seconds = 0.0 if trained else updates * _seconds_of_update(adapted.recipe, profile)
    return Checked(adapted, steps, dict(facts), unknown, updates, seconds)


def _seconds_of_update(recipe: Recipe, profile: CorpusProfile) -> float:
    from seqloom.training.duration import seconds_of_update  # torch: seconds of imports

    source, target = (max(1, profile.tokens(side) // profile.rows) for side in (0, 1))
    return seconds_of_update(recipe, (source, target))


def _check_corpus(recipe: Recipe, corpus: Path, folder: Path, home: Path, progress: Progress) -> dict[str, float]:
    """Refuse what does not fit the text, and return what is unknown of it; a vocabulary that can tell is learned."""
    _warn_of_long_references(recipe, corpus)
    labelled = kind_of(recipe.task).answer == "label"
    if labelled:
        labels_of(corpus)
    has_places = sides_with_learned_positions(recipe.model) and not window_of(recipe)
    if recipe.vocabulary.kind in SPELT and not has_places:
        return dict.fromkeys(SIDES, 0.0)
    vocabulary, batches = folder / "vocabulary", folder / "batches"
    vocabulary.mkdir()
    facts = build_vocabulary(recipe.vocabulary, corpus, vocabulary, progress, parent_of(recipe, home), labelled)
    if has_places:  # what has places has to be counted
        batches.mkdir()
        encode_corpus(corpus, vocabulary, batches, progress)
        check_lengths(recipe, batches)
    return dict(facts["unknown"])


def _warn_of_long_references(recipe: Recipe, corpus: Path) -> None:
    for split, count in certainly_longer(recipe, corpus).items():
        logger.warning(
            "corpus: %s references for %s have more tokens than decoding.max_length %s lets an answer have: raise it, "
            "or lower corpus.max_characters",
            f"{count:,}",
            split,
            recipe.decoding.max_length,
        )
