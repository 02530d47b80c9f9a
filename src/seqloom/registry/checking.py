"""What can be found wrong with a recipe before any work is done."""

import logging
import tempfile
from importlib.util import find_spec
from pathlib import Path

from seqloom.batches.encoding import encode_corpus
from seqloom.batches.places import check_lengths
from seqloom.corpus.building import build_corpus
from seqloom.corpus.sources import locate
from seqloom.evaluation.answer_limits import certainly_longer
from seqloom.mistake import UserMistake
from seqloom.progress import Progress
from seqloom.recipe.architecture import sides_with_learned_positions, window_of
from seqloom.recipe.kinds.choosing import kind_of
from seqloom.recipe.schema import Recipe
from seqloom.registry.continuing import parent_of
from seqloom.registry.planning import Step, plan
from seqloom.vocabulary.building import build_vocabulary
from seqloom.vocabulary.labels import labels_of

logger = logging.getLogger(__name__)


def check_places(recipe: Recipe) -> None:
    """Refuse at once what a later stage would refuse after an hour: a GPU, a library or a file that is not there.

    Raises:
        UserMistake: one of them is missing.
    """
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


def check_recipe_and_files(recipe: Recipe, home: Path, progress: Progress) -> list[Step]:
    """The plan, after every file of the corpus was read to its end; nothing is kept.

    Raises:
        UserMistake: a file of the recipe is missing, or a line of one cannot be used.
    """
    check_places(recipe)
    steps = plan(recipe, home)
    if not steps[0].cached:
        with tempfile.TemporaryDirectory() as folder:
            build_corpus(recipe.corpus, locate(recipe.corpus, home), Path(folder), progress)
            _check_corpus(recipe, Path(folder), home, progress)
    elif steps[0].manifest:
        _check_corpus(recipe, steps[0].manifest.path, home, progress)
    return steps


def _check_corpus(recipe: Recipe, corpus: Path, home: Path, progress: Progress) -> None:
    for split, count in certainly_longer(recipe, corpus).items():
        logger.warning(
            "corpus: %s references for %s have more tokens than decoding.max_length %s lets an answer have: raise it, "
            "or lower corpus.max_characters",
            f"{count:,}",
            split,
            recipe.decoding.max_length,
        )
    labelled = kind_of(recipe.task).answer == "label"
    if labelled:
        labels_of(corpus)
    if sides_with_learned_positions(recipe.model) and not window_of(recipe):  # what has places has to be counted
        with tempfile.TemporaryDirectory() as folder:
            vocabulary, batches = (Path(folder) / name for name in ("vocabulary", "batches"))
            vocabulary.mkdir()
            batches.mkdir()
            build_vocabulary(recipe.vocabulary, corpus, vocabulary, progress, parent_of(recipe, home), labelled)
            encode_corpus(corpus, vocabulary, batches, progress)
            check_lengths(recipe, batches)
