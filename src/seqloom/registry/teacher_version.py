"""The teacher of a recipe, `corpus.teacher`: its version pinned, and what decides the rows that it adds."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.digest import digest_of_folder, digest_of_value
from seqloom.artifact.manifest import Manifest
from seqloom.corpus.sources import Sources, locate_monolingual
from seqloom.distillation.taught_corpus import Teaching, clean_texts, side_of
from seqloom.distillation.teacher import LocalTeacher, load_teacher
from seqloom.errors import UserError
from seqloom.progress import Progress
from seqloom.recipe.pinned_version import pin_version, split_pin
from seqloom.recipe.recipe_json import RECIPE_FILE
from seqloom.recipe.schema import Recipe
from seqloom.registry.checkpoint_folder import find_checkpoint

_TIMED = 64  # texts that are answered to forecast the time of all


def pin_teacher(recipe: Recipe, home: Path) -> Recipe:
    """Return the recipe with its teacher pinned to a version number and the digest of its checkpoint.

    Raises:
        UserError: there is no such version or folder, it is not the one that was pinned, or the texts are not there.
    """
    if not recipe.corpus.teacher:
        return recipe
    locate_monolingual(recipe.corpus, home)  # before an hour of other work
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
        UserError: there is no such version or checkpoint, or another one has its number by now.
    """
    from seqloom.decoding.generator_loader import EXPORT_FILE  # what decodes is imported where somebody teaches

    named, pinned = split_pin(recipe.corpus.teacher)
    try:
        checkpoint = find_checkpoint(named, home)
    except UserError as error:
        raise UserError(f"corpus.teacher: {error}") from None
    if not any((checkpoint / name).is_file() for name in (RECIPE_FILE, EXPORT_FILE)):
        raise UserError(
            f"corpus.teacher: {named} holds no {RECIPE_FILE}, so it is no checkpoint: name the folder of one, or "
            "models:/NAME@ALIAS"
        )
    if not digest_of_folder(checkpoint).startswith(pinned):
        raise UserError(
            f"corpus.teacher: {named} is another model than the one that was meant, by its digest: name it without "
            "#sha256="
        )
    return checkpoint


def teaching_inputs(recipe: Recipe, corpus: Manifest, texts: Sources, home: Path) -> list[str]:
    """Return the digests of all that the stage TEACHING reads: corpus, texts by side, and teacher.

    Raises:
        UserError: the teacher is not there.
    """
    read = digest_of_value({side_of(recipe.corpus): texts.train.digests})
    return [corpus.digest, read, digest_of_folder(teacher_checkpoint(recipe, home))]


def teaching_of(
    recipe: Recipe,
    corpus: Manifest,
    texts: Sources,
    home: Path,
    held: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> Teaching:
    """Return how the teacher of a recipe adds rows to its corpus; what it answers is kept for other texts.

    `held` is what it needs while it is asked, such as a GPU.

    Raises:
        UserError: the teacher is not there, or not what was pinned.
    """
    checkpoint = teacher_checkpoint(recipe, home)
    answers = Store(home).workspace("teacher_answers", digest_of_folder(checkpoint))

    @contextmanager
    def teacher() -> Iterator[LocalTeacher]:
        with held():
            yield load_teacher(checkpoint, recipe.training.device)

    return Teaching(recipe.corpus, corpus, texts, teacher, answers)


@dataclass(frozen=True)
class TeachingForecast:
    """Number of texts for the teacher of a recipe, and about how long it takes."""

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
    located = locate_monolingual(recipe.corpus, home)
    texts = clean_texts(recipe.corpus, located, corpus, facts["whitespace"], folder, progress)
    coming = TeachingForecast(recipe.corpus.teacher, texts.rows)
    if not timed:
        return coming
    teacher = load_teacher(teacher_checkpoint(recipe, home), recipe.training.device)
    teacher.generator.memory = None  # of which the first texts may have more than the others
    with pq.ParquetFile(texts.file) as file:
        some = next(file.iter_batches(_TIMED, columns=["source"]))["source"].to_pylist()
    started = time.monotonic()
    list(teacher.ask(some))
    return replace(coming, seconds=(time.monotonic() - started) / len(some) * coming.texts)
