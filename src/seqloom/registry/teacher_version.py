"""The teacher of a recipe, `corpus.teacher`, a model of ours or an endpoint: pinned, asked, and forecast."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.digest import digest_of_folder, digest_of_value
from seqloom.artifact.manifest import Manifest
from seqloom.corpus.sources import Sources, locate_monolingual
from seqloom.distillation.answer_filter import AnswerFilter
from seqloom.distillation.request_budget import SPENT, RunRecord
from seqloom.distillation.taught_corpus import Teaching, clean_texts, side_of
from seqloom.distillation.teacher import Teacher, load_teacher
from seqloom.errors import UserError
from seqloom.progress import Progress
from seqloom.recipe.pinned_version import pin_version, split_pin
from seqloom.recipe.recipe_json import RECIPE_FILE
from seqloom.recipe.schema import Recipe
from seqloom.recipe.teaching_rules import is_endpoint
from seqloom.registry.checkpoint_folder import find_checkpoint
from seqloom.registry.teacher_direction import require_direction

if TYPE_CHECKING:
    from seqloom.distillation.round_trip import RoundTrip

TEACHER_FIELD, BACK_FIELD = "corpus.teacher", "teaching.round_trip"
_TEACHER = 2  # among the inputs of its stage
_TIMED = 64  # texts that are answered to forecast the time of all


def pin_teacher(recipe: Recipe, home: Path, texts: Sources | None = None) -> Recipe:
    """Return the recipe with the models that teach it pinned to a version number and the digest of their checkpoints.

    Its texts are located, which are to be there before an hour of other work; `texts` are those that are already.

    Raises:
        UserError: there is no such version or folder, it is not the one that was pinned or of another direction, an
            endpoint has no key or prompt, or the texts are not there.
    """
    if not recipe.corpus.teacher:
        return recipe
    if texts is None:
        locate_monolingual(recipe.corpus, home)
    corpus, teaching = recipe.corpus, recipe.teaching
    if is_endpoint(corpus.teacher):
        _check_endpoint(recipe)
    else:
        pinned = _pinned(corpus.teacher, TEACHER_FIELD, home, recipe, back=bool(corpus.monolingual_target))
        corpus = corpus.model_copy(update={"teacher": pinned})
    if teaching.round_trip:
        pinned = _pinned(teaching.round_trip, BACK_FIELD, home, recipe, back=not corpus.monolingual_target)
        teaching = teaching.model_copy(update={"round_trip": pinned})
    return recipe.model_copy(update={"corpus": corpus, "teaching": teaching})


def _check_endpoint(recipe: Recipe) -> None:
    """Raise UserError if an endpoint could not be asked: its prompt or its key is not there."""
    from seqloom.distillation.endpoint_teacher import EndpointTeacher
    from seqloom.distillation.recipe_endpoint import endpoint_of

    EndpointTeacher(endpoint_of(recipe)).close()


def _pinned(name: str, field: str, home: Path, recipe: Recipe, back: bool) -> str:
    """Pin a model that teaches a recipe; `back` is of one that writes its sources."""
    (named, _), checkpoint = split_pin(name), checkpoint_of(name, field, home)
    require_direction(recipe, checkpoint, named, field, back)
    digest = digest_of_folder(checkpoint)
    if named.startswith("models:"):
        from seqloom.registry.model_uri import find_version  # MLflow: seconds

        version = find_version(named, home)
        named = f"models:/{version.name}/{version.version}"
    return pin_version(named, digest)


def checkpoint_of(name: str, field: str, home: Path) -> Path:
    """Return the checkpoint of a model that teaches, which `field` names.

    Raises:
        UserError: there is no such version or checkpoint, or another one has its number by now.
    """
    from seqloom.decoding.generator_loader import EXPORT_FILE  # what decodes is imported where somebody teaches

    named, pinned = split_pin(name)
    try:
        checkpoint = find_checkpoint(named, home)
    except UserError as error:
        raise UserError(f"{field}: {error}") from None
    if not any((checkpoint / file).is_file() for file in (RECIPE_FILE, EXPORT_FILE)):
        raise UserError(
            f"{field}: {named} holds no {RECIPE_FILE}, so it is no checkpoint: name the folder of one, or "
            "models:/NAME@ALIAS"
        )
    if not digest_of_folder(checkpoint).startswith(pinned):
        raise UserError(
            f"{field}: {named} is another model than the one that was meant, by its digest: name it without #sha256="
        )
    return checkpoint


def teaching_inputs(recipe: Recipe, corpus: Manifest, texts: Sources, home: Path) -> list[str]:
    """Return the digests of all that the stage TEACHING reads: corpus, texts by side, teacher and model back.

    Raises:
        UserError: the teacher is not there.
    """
    read, back = digest_of_value({side_of(recipe.corpus): texts.train.digests}), recipe.teaching.round_trip
    checks = [digest_of_folder(checkpoint_of(back, BACK_FIELD, home))] if back else []
    return [corpus.digest, read, _identity(recipe, home), *checks]


def _identity(recipe: Recipe, home: Path) -> str:
    """Return what decides the teacher's answer to a text."""
    if is_endpoint(recipe.corpus.teacher):
        from seqloom.distillation.recipe_endpoint import endpoint_of

        return endpoint_of(recipe).identity
    return digest_of_folder(checkpoint_of(recipe.corpus.teacher, TEACHER_FIELD, home))


def teaching_of(
    recipe: Recipe,
    corpus: Manifest,
    texts: Sources,
    home: Path,
    inputs: Sequence[str],
    held: Callable[[], AbstractContextManager[None]] = nullcontext,
    run: str = "",
) -> Teaching:
    """Return how the teacher of a recipe adds rows to its corpus; what it answers is kept for other texts.

    `inputs` are its `teaching_inputs`, of which its key was made; `held` is what a model of ours needs while it is
    asked, such as a GPU. `run` names a run that is tried again after an outage: its attempts share the budget of an
    endpoint.

    Raises:
        UserError: the teacher is not there, or not what was pinned.
    """
    identity, asked = inputs[_TEACHER], recipe.teaching
    answers = Store(home).workspace("teacher_answers", identity)
    chosen = AnswerFilter(asked.agreement, asked.length_ratio, asked.copies)
    if is_endpoint(recipe.corpus.teacher):
        record = RunRecord(answers / SPENT, run) if run else None
        teacher, held_then = partial(_endpoint, recipe, identity, record), held
    else:
        teacher, held_then = partial(_model, recipe, home, held), nullcontext  # what it needs is held by then
    back = partial(_back, recipe, home, held_then) if asked.round_trip else None
    return Teaching(recipe.corpus, corpus, texts, teacher, answers, chosen, back)


@contextmanager
def _endpoint(recipe: Recipe, identity: str, record: RunRecord | None) -> Iterator[Teacher]:
    """Open the endpoint, if it is the one of `identity` still."""
    from seqloom.distillation.endpoint_teacher import EndpointTeacher
    from seqloom.distillation.recipe_endpoint import endpoint_of

    with closing(EndpointTeacher(endpoint_of(recipe), record)) as teacher:
        if teacher.identity != identity:
            raise UserError(f"teaching.prompt_file: {recipe.teaching.prompt_file} changed meanwhile: run it again")
        yield teacher


@contextmanager
def _model(recipe: Recipe, home: Path, held: Callable[[], AbstractContextManager[None]]) -> Iterator[Teacher]:
    """Load a teacher that is a model of ours."""
    with held():
        yield load_teacher(checkpoint_of(recipe.corpus.teacher, TEACHER_FIELD, home), recipe.training.device)


@contextmanager
def _back(recipe: Recipe, home: Path, held: Callable[[], AbstractContextManager[None]]) -> "Iterator[RoundTrip]":
    """Load the model of the direction back."""
    from seqloom.distillation.round_trip import RoundTrip

    with held():
        model = load_teacher(checkpoint_of(recipe.teaching.round_trip, BACK_FIELD, home), recipe.training.device)
        yield RoundTrip(model.generator, recipe.teaching.round_trip_chrf)


@dataclass(frozen=True)
class TeachingForecast:
    """Number of texts for the teacher of a recipe, and about how long it takes."""

    teacher: str
    texts: int
    seconds: float | None = None  # that it takes here, roughly, if it was timed; what is known already takes none


def forecast_teaching(
    recipe: Recipe,
    located: Sources,
    corpus: Path,
    facts: Mapping[str, Any],
    folder: Path,
    home: Path,
    progress: Progress,
    timed: bool,
) -> TeachingForecast:
    """Read the texts for the teacher of a recipe to the end, in `folder`, and where `timed`, have it answer some.

    `located` are these texts, and `corpus` is the text before, whose stage gave `facts`.

    Raises:
        UserError: too many of the lines cannot be used.
    """
    texts = clean_texts(recipe.corpus, located, corpus, facts["whitespace"], folder, progress)
    coming = TeachingForecast(recipe.corpus.teacher, texts.rows)
    if not timed or is_endpoint(recipe.corpus.teacher):  # which is asked for nothing by a check
        return coming
    teacher = load_teacher(checkpoint_of(recipe.corpus.teacher, TEACHER_FIELD, home), recipe.training.device)
    teacher.generator.memory = None  # of which the first texts may have more than the others
    with pq.ParquetFile(texts.file) as file:
        some = next(file.iter_batches(_TIMED, columns=["source"]))["source"].to_pylist()
    started = time.monotonic()
    list(teacher.ask(some))
    return replace(coming, seconds=(time.monotonic() - started) / len(some) * coming.texts)
