"""The teacher of a recipe, `corpus.teacher`: its version pinned, and what decides the rows that it adds."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.digest import digest_of_folder, digest_of_value
from seqloom.artifact.manifest import Manifest
from seqloom.corpus.corpus_files import iterate_columns
from seqloom.corpus.sources import locate, locate_texts
from seqloom.corpus.stage import build_corpus
from seqloom.distillation.taught_corpus import Teaching, texts_section
from seqloom.distillation.teacher import load_teacher
from seqloom.errors import UserError
from seqloom.progress import Progress
from seqloom.recipe.pinned_version import pin_version, split_pin
from seqloom.recipe.schema import Recipe
from seqloom.registry.checkpoint_folder import find_checkpoint

_TIMED = 64  # texts that are answered to forecast the time of all


def pin_teacher(recipe: Recipe, home: Path) -> Recipe:
    """Return the recipe with its teacher pinned to a version number and the digest of its checkpoint.

    Raises:
        UserError: there is no such version or folder, or it is not the one that was pinned.
    """
    if not recipe.corpus.teacher:
        return recipe
    (named, _), digest = split_pin(recipe.corpus.teacher), digest_of_folder(teacher_checkpoint(recipe, home))
    if named.startswith("models:"):
        from seqloom.registry.model_uri import find_version  # MLflow: seconds

        version = find_version(named, home)
        named = f"models:/{version.name}/{version.version}"
    corpus = recipe.corpus.model_copy(update={"teacher": pin_version(named, digest)})
    return recipe.model_copy(update={"corpus": corpus})


def teacher_checkpoint(recipe: Recipe, home: Path) -> Path:
    """Return the checkpoint of the recipe's teacher.

    Raises:
        UserError: there is no such version or folder, or another one has its number by now.
    """
    named, pinned = split_pin(recipe.corpus.teacher)
    try:
        checkpoint = find_checkpoint(named, home)
    except UserError as error:
        raise UserError(f"corpus.teacher: {error}") from None
    if not digest_of_folder(checkpoint).startswith(pinned):
        raise UserError(
            f"corpus.teacher: {named} is another model than the one that was meant, by its digest: name it without "
            "#sha256="
        )
    return checkpoint


def teaching_inputs(recipe: Recipe, corpus: Manifest, home: Path) -> list[str]:
    """Return the digests of all that the stage TEACHING reads: corpus, texts by side, and teacher.

    Raises:
        UserError: a text or the teacher is not there.
    """
    texts = {
        field: [locate_texts(recipe.corpus, place, home, f"corpus.{field}").digests for place in places]
        for field in ("monolingual_source", "monolingual_target")
        if (places := getattr(recipe.corpus, field))
    }
    return [corpus.digest, digest_of_value(texts), digest_of_folder(teacher_checkpoint(recipe, home))]


def teaching_of(recipe: Recipe, corpus: Manifest, home: Path) -> Teaching:
    """Load the teacher of a recipe, which is to add rows to its corpus; what it answers is kept for other texts.

    Raises:
        UserError: the teacher is not there, or not what was pinned.
    """
    teacher = load_teacher(teacher_checkpoint(recipe, home), recipe.training.device)
    answers = Store(home).workspace("teacher_answers", teacher.identity)
    return Teaching(recipe.corpus, corpus, teacher, home, answers)


@dataclass(frozen=True)
class TeachingForecast:
    """What the teacher of a recipe is to be asked."""

    teacher: str
    texts: int
    seconds: float | None = None  # that it takes here, roughly, if it was timed; what is known already takes none


def forecast_teaching(
    recipe: Recipe, corpus: Path, facts: Mapping[str, Any], folder: Path, home: Path, progress: Progress, timed: bool
) -> TeachingForecast:
    """Read the texts for the teacher of a recipe to the end, in `folder`, and where `timed`, have it answer some.

    `corpus` is the text before, whose stage gave `facts`.

    Raises:
        UserError: a file is missing, or too many of its lines cannot be used.
    """
    section = texts_section(recipe.corpus, corpus, facts["whitespace"])
    folder.mkdir()
    texts: dict[str, Any] = build_corpus(section, locate(section, home), folder, progress)
    coming = TeachingForecast(recipe.corpus.teacher, texts["rows"]["train"])
    if not timed:
        return coming
    teacher = load_teacher(teacher_checkpoint(recipe, home), recipe.training.device)
    teacher.generator.memory = None  # of which the first texts may have more than the others
    some = next(iterate_columns(folder, "train", ["source"], _TIMED))["source"]
    started = time.monotonic()
    list(teacher.ask(some))
    return replace(coming, seconds=(time.monotonic() - started) / len(some) * coming.texts)
