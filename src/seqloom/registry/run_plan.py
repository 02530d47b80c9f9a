"""The plan of a recipe: which stages are cached and which will run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import (
    CORPUS,
    DATASET,
    GATE,
    PRETRAINING,
    REGISTRY,
    STAGES,
    TEACHER,
    TEACHING,
    TRAINING,
    VECTORS,
    VOCABULARY,
    Stage,
)
from seqloom.artifact.digest import digest_of_value
from seqloom.artifact.manifest import Manifest
from seqloom.corpus.sources import Sources, locate, locate_monolingual
from seqloom.recipe.adaptive_defaults import adapt
from seqloom.recipe.pretraining_recipe import pretraining_recipe, with_encoder
from seqloom.recipe.schema import Recipe
from seqloom.registry.local_registry import local_versions_with_tag
from seqloom.registry.registered_version import KEY_TAGS, Version
from seqloom.training.training_state import TrainingState, find_training_state

SOURCES = "sources"  # what the first stage reads, in place of an artifact


@dataclass(frozen=True)
class Step:
    """One stage of the plan; a finished one has its manifest, or for the registry its version."""

    stage: str
    manifest: Manifest | None = None
    version: Version | None = None
    position: TrainingState | None = None  # of a training that was stopped, from which it goes on

    @property
    def cached(self) -> bool:
        """Return whether the stage is finished."""
        return self.manifest is not None or self.version is not None

    @property
    def told(self) -> str:
        """Return in words whether the stage is cached, resumes or will run."""
        if self.cached:
            return "cached"
        return f"continues from {self.position.description}" if self.position else "will run"


def digest_of_sources(sources: Sources) -> str:
    """Return one digest of all that the corpus stage reads."""
    return digest_of_value(sources.digests)


def plan(recipe: Recipe, home: Path) -> list[Step]:
    """Return every stage in order.

    Raises:
        UserError: a file of the recipe is missing or cannot be what the recipe says.
    """
    return follow(pinned(recipe, home), home, STAGES, read_sources(recipe, home))


def read_sources(recipe: Recipe, home: Path) -> dict[str, str]:
    """Return the digest of the corpus sources, as `follow` takes it; URLs are downloaded.

    Raises:
        UserError: as `plan`.
    """
    return {SOURCES: digest_of_sources(locate(recipe.corpus, home))}


def follow(recipe: Recipe, home: Path, stages: Sequence[Stage], known: Mapping[str, str]) -> list[Step]:
    """Return these stages in order, given the digests before them; a stage with an unfinished input will run."""
    store = Store(home)
    digests = dict(known)
    steps = []
    for stage in stages:
        reads = stage.reads or (SOURCES,)
        key = stage.key(recipe, [digests[name] for name in reads]) if digests.keys() >= set(reads) else None
        if key is None:
            steps.append(Step(stage.name))
        elif stage in (REGISTRY, GATE):
            version = _registered(recipe.name, stage, key, home)
            steps.append(Step(stage.name, version=version))
            if version:
                digests[stage.name] = key
        else:
            steps.append(_step(stage, store, key))
            manifest = steps[-1].manifest
            if manifest:
                digests[stage.name] = manifest.digest
            if stage is CORPUS:
                more, recipe, digests = _after_corpus(recipe, manifest, digests, home)
                steps += more
    return steps


def _after_corpus(
    asked: Recipe, corpus: Manifest | None, digests: dict[str, str], home: Path
) -> tuple[list[Step], Recipe, dict[str, str]]:
    """Return what some recipes do before the vocabulary, the recipe by then, and the digests that are known."""
    steps = []
    if asked.corpus.teacher:
        steps.append(_teaching(asked, corpus, home))
        corpus = steps[-1].manifest
        digests = {**digests, CORPUS.name: corpus.digest} if corpus else {}
    recipe = adapt(asked, corpus.facts).recipe if corpus else asked
    if asked.pretraining.corpus:
        steps.append(_pretraining(asked, recipe, corpus, home))
        encoder = steps[-1].manifest
        recipe, digests = (with_encoder(recipe, encoder.path), digests) if encoder else (recipe, {})
    return steps, recipe, digests


def _teaching(recipe: Recipe, corpus: Manifest | None, home: Path) -> Step:
    """Return the stage that adds the answers of a teacher to the corpus."""
    if corpus is None:
        return Step(TEACHER)
    from seqloom.registry.teacher_version import teaching_inputs  # what decodes is imported where somebody teaches

    key = TEACHING.key(recipe, teaching_inputs(recipe, corpus, locate_monolingual(recipe.corpus, home), home))
    return Step(TEACHER, Store(home).find(TEACHING.name, key))


def _step(stage: Stage, store: Store, key: str) -> Step:
    """Return a stage that leaves a folder; a training may also have been interrupted."""
    manifest = store.find(stage.name, key)
    trains = not manifest and stage in (TRAINING, PRETRAINING)
    position = find_training_state(store.workspace_path(stage.name, key)) if trains else None
    return Step(stage.name, manifest, position=position)


def _pretraining(asked: Recipe, adapted: Recipe, corpus: Manifest | None, home: Path) -> Step:
    """Return the pretraining of a recipe; the stages before it are part of it in a plan."""
    raw = pretraining_recipe(asked, adapted, corpus.path, corpus.facts) if corpus else None
    if raw is None:
        return Step(PRETRAINING.name)
    before = (CORPUS, VOCABULARY, VECTORS, DATASET)
    return follow(raw, home, (*before, PRETRAINING), read_sources(raw, home))[-1]


def pinned(recipe: Recipe, home: Path, texts: Sources | None = None) -> Recipe:
    """Return the recipe with its parent version and its teacher pinned by number, if it names them.

    `texts` are those for the teacher, where they are located already.

    Raises:
        UserError: there is no such version, or a model of this recipe cannot take its weights.
    """
    if recipe.corpus.teacher:
        from seqloom.registry.teacher_version import pin_teacher

        recipe = pin_teacher(recipe, home, texts)
    if not recipe.training.start_from:
        return recipe
    from seqloom.registry.parent_version import pin_parent  # it imports MLflow

    return pin_parent(recipe, home)


def _registered(name: str, stage: Stage, key: str, home: Path) -> Version | None:
    local = local_versions_with_tag(home, name, KEY_TAGS[stage.name], key)
    if local is not None:
        return local[0] if local else None
    from seqloom.registry.mlflow_tracking import connect  # a second of imports
    from seqloom.registry.versions import find_by_key

    return find_by_key(connect(home), name, key, KEY_TAGS[stage.name])
