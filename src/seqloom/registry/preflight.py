"""Preflight checks: errors of a recipe and its files that can be found before any work."""

import logging
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqloom.artifact.cache_key import CORPUS, PRETRAINING, STAGES, TEACHER
from seqloom.artifact.input_file import require_file
from seqloom.artifact.manifest import Manifest
from seqloom.corpus.canaries import check_canaries
from seqloom.corpus.raw_text import check_raw_text, locate_raw_text
from seqloom.corpus.slice_columns import SLICE_BY, check_columns
from seqloom.corpus.sources import locate, locate_monolingual
from seqloom.corpus.stage import build_corpus
from seqloom.errors import UserError
from seqloom.evaluation.answer_limits import count_too_long
from seqloom.evaluation.bertscore_model import check_bertscore_model
from seqloom.progress import Progress
from seqloom.recipe.adaptive_defaults import Adapted, adapt
from seqloom.recipe.applications import application_of
from seqloom.recipe.pretraining_recipe import pretraining_recipe, refuse_two_encoders, with_encoder
from seqloom.recipe.schema import Recipe
from seqloom.registry.digital_signature import check_keys
from seqloom.registry.known_answer_files import recipe_answers
from seqloom.registry.run_plan import Step, follow, pinned, read_sources
from seqloom.registry.time_forecast import Forecast, forecast
from seqloom.training.privacy_accountant import OPACUS_MISSING
from seqloom.vectors.intrinsic_files import check_score_files
from seqloom.vocabulary.labels import labels_of

if TYPE_CHECKING:
    from seqloom.registry.teacher_version import TeachingForecast

logger = logging.getLogger(__name__)


def check_resources(recipe: Recipe) -> None:
    """Refuse at once what a later stage would refuse after an hour: no GPU, library or file, or no key that is one.

    Raises:
        UserError: one of them is missing, the key to sign versions with is none, the model would answer nothing, a
            file of known answers is broken, or normalizers change the canaries.
    """
    check_keys()
    refuse_two_encoders(recipe)
    check_canaries(recipe.corpus)
    if recipe.task == "reconstruction" and recipe.training.objective == "masked":
        raise UserError(
            "training.objective masked writes nothing back, so there is no version to register: name the text in "
            "pretraining.corpus of the recipe that is to start from the encoder (docs/pretraining.md), or set it to "
            "sequence"
        )
    if recipe.training.device == "cuda":
        from seqloom.training.device import choose_device  # torch: seconds of imports

        choose_device(recipe.training.device)
    if recipe.registry.backend.startswith("ctranslate2") and not find_spec("ctranslate2"):
        raise UserError(f"registry.backend {recipe.registry.backend} needs CTranslate2: pip install ctranslate2")
    if recipe.training.privacy_epsilon and not find_spec("opacus"):
        raise UserError(OPACUS_MISSING)
    for field in ("source_file", "target_file"):
        file = getattr(recipe.vectors, field)
        if file:
            require_file(Path(file), f"correct vectors.{field}")
    check_score_files(recipe.evaluation)
    check_bertscore_model(recipe.evaluation)
    recipe_answers(recipe)
    folder = recipe.training.start_encoder_from
    if folder and not Path(folder).is_dir():
        raise UserError(f"{folder}: no such folder (looked in {Path.cwd()}); correct training.start_encoder_from")


@dataclass(frozen=True)
class Checked:
    """The resolved recipe, its plan, corpus facts and training forecast."""

    adapted: Adapted  # the recipe as it will be trained, and what its sizes were chosen by
    steps: list[Step]
    corpus: dict[str, Any]  # the facts of its stage
    coming: Forecast
    teaching: "TeachingForecast | None"  # None if nobody is to be asked


def check_recipe_and_files(recipe: Recipe, home: Path, progress: Progress, timed: bool = False) -> Checked:
    """Plan the recipe and read every file of its corpus to the end; nothing is kept.

    `timed` makes some updates to forecast the time of the training, which takes seconds; else PyTorch is not loaded.

    Raises:
        UserError: a file of the recipe is missing, too many rows cannot be used, or its vocabulary or its lengths do
            not fit the text.
    """
    check_resources(recipe)
    sources = read_sources(recipe, home)
    texts = locate_monolingual(recipe.corpus, home) if recipe.corpus.teacher else None
    recipe = pinned(recipe, home, texts)
    if recipe.evaluation.slice_by:
        check_columns(recipe.corpus, locate(recipe.corpus, home), recipe.evaluation.slice_by, SLICE_BY)
    steps = follow(recipe, home, STAGES, sources)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = {step.stage: step.manifest for step in steps if step.manifest}
        corpus, facts = _corpus_of(recipe, made, folder / "corpus", home, progress)
        teaching = None
        if texts and TEACHER not in made:
            from seqloom.registry.teacher_version import forecast_teaching  # what scores answers is imported with it

            teaching = forecast_teaching(recipe, texts, corpus, facts, folder / "texts", home, progress, timed)
        adapted = adapt(recipe, facts)
        _read_raw_text(recipe, adapted.recipe, corpus, facts, home, progress)
        _warn_of_long_references(adapted.recipe, corpus)
        if application_of(recipe.task).answer == "label":
            labels_of(corpus)
        learned = made.get(PRETRAINING.name)
        trained = with_encoder(adapted.recipe, learned.path) if learned else adapted.recipe
        coming = forecast(trained, corpus, made, folder, home, progress, timed)
    return Checked(adapted, steps, dict(facts), coming, teaching)


def _corpus_of(
    recipe: Recipe, made: Mapping[str, Manifest], folder: Path, home: Path, progress: Progress
) -> tuple[Path, Mapping[str, Any]]:
    """Return the folder and the facts of the corpus: with what its teacher added, if it is made, else as it is read."""
    if found := made.get(TEACHER) or made.get(CORPUS.name):
        return found.path, found.facts
    folder.mkdir()
    return folder, build_corpus(recipe.corpus, locate(recipe.corpus, home), folder, progress)


def _read_raw_text(
    asked: Recipe, adapted: Recipe, corpus: Path, facts: Mapping[str, Any], home: Path, progress: Progress
) -> None:
    """Read the raw text of a pretraining to the end, if the recipe has one; nothing is kept.

    Raises:
        UserError: a file is missing, too many of its lines cannot be used, or they are too few.
    """
    raw = pretraining_recipe(asked, adapted, corpus, facts)
    if raw is None:
        return
    locate_raw_text(asked, home)
    with tempfile.TemporaryDirectory() as folder:
        check_raw_text(build_corpus(raw.corpus, locate(raw.corpus, home), Path(folder), progress))


def _warn_of_long_references(recipe: Recipe, corpus: Path) -> None:
    for split, count in count_too_long(recipe, corpus).items():
        logger.warning(
            "corpus: %s references for %s have more tokens than decoding.max_length %s lets an answer have: raise it, "
            "or lower corpus.max_characters",
            f"{count:,}",
            split,
            recipe.decoding.max_length,
        )
