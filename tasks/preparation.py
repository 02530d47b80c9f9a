"""The stages before training, each a Prefect task: corpus, vocabulary, word vectors, dataset."""

from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import CORPUS, DATASET, TEACHING, VECTORS, VOCABULARY
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.artifact.permissions import keep_private
from seqloom.corpus.raw_text import check_raw_text, locate_raw_text
from seqloom.corpus.slice_columns import SLICE_BY, check_columns
from seqloom.corpus.sources import locate, locate_monolingual
from seqloom.corpus.stage import build_corpus
from seqloom.corpus.url_secrets import add_vault
from seqloom.dataset.stage import encode_corpus
from seqloom.progress import Progress
from seqloom.recipe.adaptive_defaults import adapt
from seqloom.recipe.applications import application_of
from seqloom.recipe.pretraining_recipe import pretraining_recipe, with_encoder
from seqloom.recipe.schema import Recipe
from seqloom.registry.parent_version import parent_of
from seqloom.registry.run_plan import digest_of_sources
from seqloom.registry.teacher_version import teaching_inputs, teaching_of
from seqloom.vectors.stage import build_vectors
from seqloom.vocabulary.stage import build_vocabulary
from tasks.gpu_slots import slots_for
from tasks.prefect_client import secret_of_block
from tasks.pretraining_task import pretrain
from tasks.progress_artifacts import audience
from tasks.stage_runner import patient_task, run_stage, stage_task

add_vault(secret_of_block)


def prepare(recipe: Recipe, force: bool = False) -> tuple[Recipe, list[State[Manifest]]]:
    """Do all stages before training; return the recipe with its adaptive defaults, and what they made, in order.

    Where the recipe has raw text, those of the pretraining are among them: the recipe names the encoder it learned.
    """
    corpus = make_corpus(recipe, force)
    recipe = _pretrained(recipe, fit_recipe(recipe, corpus), corpus.result(), force)
    vocabulary = make_vocabulary(recipe, corpus, force)
    vectors = make_vectors(recipe, corpus, vocabulary, force)
    dataset = make_dataset(recipe, corpus, vocabulary, force)
    return recipe, [corpus, vocabulary, vectors, dataset]


def _pretrained(asked: Recipe, adapted: Recipe, corpus: Manifest, force: bool) -> Recipe:
    """Return the adapted recipe, and where raw text is asked for, learn the encoder that it starts from."""
    raw = pretraining_recipe(asked, adapted, corpus.path, corpus.facts)
    if raw is None:
        return adapted
    locate_raw_text(asked, home_folder())
    raw, prepared = prepare(raw, force)
    check_raw_text(prepared[0].result().facts)
    encoder: Manifest = pretrain(raw, *prepared, force).result()
    return with_encoder(adapted, encoder.path)


def make_corpus(recipe: Recipe, force: bool = False) -> State[Manifest]:
    """Read the text, and where the recipe has a teacher, add what it answers."""
    corpus = prepare_corpus(recipe, force)
    return ask_teacher(recipe, corpus, force) if recipe.corpus.teacher else corpus


@patient_task(name="teacher", task_run_name="teacher · {recipe.name}")
def ask_teacher(recipe: Recipe, corpus: Manifest, force: bool = False) -> State[Manifest]:
    """Have the teacher answer the recipe's monolingual text, and add the pairs to the training split."""
    texts = locate_monolingual(recipe.corpus, home_folder())
    inputs = teaching_inputs(recipe, corpus, texts, home_folder())

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        run = str(flow_run.id or "")  # an attempt of this task goes on with the budget of those before
        teaching = teaching_of(recipe, corpus, texts, home_folder(), inputs, lambda: slots_for(recipe), run)
        return teaching.build(folder, progress)

    return run_stage(TEACHING, recipe, inputs, write, force)


@patient_task(name="corpus", task_run_name="corpus · {recipe.name}")
def prepare_corpus(recipe: Recipe, force: bool = False) -> State[Manifest]:
    """Read, clean and split the text; download it first where it is a URL."""
    keep_private(home_folder())  # for a worker that Seqloom did not start
    sources = locate(recipe.corpus, home_folder())
    check_columns(recipe.corpus, sources, recipe.evaluation.slice_by, SLICE_BY)

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        return build_corpus(recipe.corpus, sources, folder, progress, Store(home_folder()).root)

    return run_stage(CORPUS, recipe, [digest_of_sources(sources)], write, force)


@stage_task(name="defaults", task_run_name="defaults · {recipe.name}")
def fit_recipe(recipe: Recipe, corpus: Manifest) -> Recipe:
    """Fill in the adaptive defaults of the recipe from the size of its corpus, and log the reason."""
    adapted = adapt(recipe, corpus.facts)
    watcher = audience.get()
    if adapted.reason:
        get_run_logger().info("chosen for %s", adapted.reason)
        if watcher:
            watcher.finished("defaults", adapted.reason, 0.0)
    return adapted.recipe


@stage_task(name="vocabulary", task_run_name="vocabulary · {recipe.name}")
def make_vocabulary(recipe: Recipe, corpus: Manifest, force: bool = False) -> State[Manifest]:
    """Train the tokenizer and write its vocabulary."""

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        parent, labeled = parent_of(recipe, home_folder()), application_of(recipe.task).answer == "label"
        return build_vocabulary(
            recipe.vocabulary, corpus.path, folder, progress, parent, labeled, recipe.training.start_encoder_from
        )

    return run_stage(VOCABULARY, recipe, [corpus.digest], write, force)


@stage_task(name="vectors", task_run_name="vectors · {recipe.name}")
def make_vectors(recipe: Recipe, corpus: Manifest, vocabulary: Manifest, force: bool = False) -> State[Manifest]:
    """Train or read the word vectors that the embeddings start from."""

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        shared = recipe.vocabulary.shared
        return build_vectors(recipe.vectors, shared, corpus.path, vocabulary.path, folder, progress)

    return run_stage(VECTORS, recipe, [corpus.digest, vocabulary.digest], write, force)


@stage_task(name="dataset", task_run_name="dataset · {recipe.name}")
def make_dataset(recipe: Recipe, corpus: Manifest, vocabulary: Manifest, force: bool = False) -> State[Manifest]:
    """Encode every split to token ids."""

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        return encode_corpus(corpus.path, vocabulary.path, folder, progress)

    return run_stage(DATASET, recipe, [corpus.digest, vocabulary.digest], write, force)
