"""The stages as plain functions, for scripts and notebooks: train, load, predict, evaluate.

`seqloom.train` and `seqloom.load` are these. There is no Prefect, no MLflow run and no new version here: the command
`seqloom train` registers. Finished stages are shared with it, below `SEQLOOM_HOME`.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import CORPUS, DATASET, PRETRAINING, TEACHING, TRAINING, VECTORS, VOCABULARY, Stage
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.artifact.permissions import keep_private
from seqloom.errors import UserError
from seqloom.progress import Progress, unwatched
from seqloom.recipe.adaptive_defaults import adapt
from seqloom.recipe.applications import application_of
from seqloom.recipe.pretraining_recipe import pretraining_recipe, with_encoder
from seqloom.recipe.recipe_json import RECIPE_FILE, write_recipe
from seqloom.recipe.recipe_loader import change_recipe, change_section, check_recipe, load_recipe
from seqloom.recipe.schema import DecodingSection, Recipe
from seqloom.registry.run_plan import digest_of_sources, pinned

if TYPE_CHECKING:
    from seqloom.decoding.generator import Generator
    from seqloom.training.training_job import Scoring, TrainingJob

Observe = Callable[[Mapping[str, float]], None]
"""Called with the metrics of each validation and log row of a training."""


def _no_rows() -> pd.DataFrame:
    return pd.DataFrame({"source": [], "target": []}, dtype=str)


@dataclass(frozen=True)
class TextModel:
    """A trained model: texts in, texts or labels out."""

    generator: "Generator"
    task: str
    target_language: str
    folder: Path  # the checkpoint
    test: pd.DataFrame = field(
        default_factory=_no_rows
    )  # source and target, held out; empty of a model that was loaded

    def predict(self, texts: Sequence[str], **decoding: Any) -> list[str]:
        """Return the best answer to each text, in order; `decoding` changes fields of the recipe's, such as beam_size.

        Raises:
            UserError: `texts` is one text, or a field of decoding is unknown or out of range.
        """
        return list(self.table(texts, **decoding)["prediction"])

    def table(self, texts: Sequence[str], **decoding: Any) -> dict[str, list[Any]]:
        """Return all that a served model answers, by column: prediction and truncated, or label and probabilities.

        Raises:
            UserError: as of `predict`.
        """
        if isinstance(texts, str):
            raise UserError("predict takes a list of texts, and this is one text: write [text]")
        overrides = [f"{name}={value}" for name, value in decoding.items()]
        section = change_section(DecodingSection(**vars(self.generator.decoding)), overrides, "decoding")
        return self.generator.reply(list(texts), section)

    def evaluate(self, rows: pd.DataFrame | None = None) -> dict[str, float]:
        """Return the scores of the task, by name, on rows with the columns source and target, else on the test split.

        Raises:
            UserError: there are no rows, or no such columns.
        """
        from seqloom.evaluation.applications.evaluator import EvalSet
        from seqloom.evaluation.applications.evaluator_factory import (
            evaluator_of,  # scikit-learn and sacreBLEU: seconds
        )

        rows = self.test if rows is None else rows
        if rows.empty or not {"source", "target"} <= set(rows.columns):
            raise UserError("evaluate needs rows with the columns source and target; a model that was loaded has none")
        held_out, judge = EvalSet.of(rows, self.target_language), evaluator_of(self.task)
        return {name: score.value for name, score in judge.scores(self.table(held_out.sources), held_out).items()}


def load(model: str | Path) -> TextModel:
    """Return a registered version, such as models:/NAME@champion, or the model of a checkpoint folder.

    Raises:
        UserError: there is none, or it was changed.
    """
    if Path(model).is_dir():
        return _read(Path(model))
    from seqloom.registry.checkpoint_folder import find_checkpoint

    return _read(find_checkpoint(str(model), home_folder()))


def train(
    recipe: Recipe | Mapping[str, Any] | str | Path,
    *overrides: str,
    observe: Observe | None = None,
    progress: Progress = unwatched,
) -> TextModel:
    """Train the model of a recipe, a file or the mapping that it holds, and return it; finished stages are reused.

    `overrides` are written SECTION.FIELD=VALUE, such as training.epochs=5. A training that was interrupted goes on.

    Raises:
        UserError: the recipe or its files are not what they should be.
    """
    home = home_folder()
    store = Store(home)
    with _private(home):
        made = _prepare(pinned(_checked(recipe, overrides), home), store, home, progress)
        trained = _trained(made, store, home, observe or _unobserved, progress)
    return _read(trained.path, made.corpus.path)


@dataclass(frozen=True)
class TrainingInputs:
    """A recipe with every default resolved, and the finished stages that its training reads."""

    recipe: Recipe
    corpus: Manifest
    vocabulary: Manifest
    vectors: Manifest
    dataset: Manifest

    @property
    def digests(self) -> list[str]:
        """Return the digests of the stages on which the training's cache key depends, in order."""
        return [self.vocabulary.digest, self.vectors.digest, self.dataset.digest]

    def job(self, workspace: Path, folder: Path) -> "TrainingJob":
        """Return the training in `workspace`, where the recipe is written; its model is to be in `folder`."""
        from seqloom.models.model_factory import Sizes
        from seqloom.training.training_job import TrainingJob

        write_recipe(self.recipe, workspace)
        size = self.vocabulary.facts["size"]
        return TrainingJob(
            self.recipe,
            Sizes(size["source"], size["target"], self.recipe.vectors.width, self.recipe.vocabulary.shared),
            self.vocabulary.path,
            self.vectors.path,
            self.dataset.path,
            workspace,
            folder,
            self._scoring(workspace),
        )

    def _scoring(self, workspace: Path) -> "Scoring | None":
        """Return how validation rows are scored, in whatever process; None where the loss selects the epoch."""
        if self.recipe.training.select_by == "loss":
            return None
        from seqloom.evaluation.validation_scores import validation_text
        from seqloom.training.training_job import Scoring

        stages = (self.corpus.folder, self.vocabulary.folder, self.dataset.folder)
        return Scoring.of(validation_text, *stages, recipe=str(workspace / RECIPE_FILE))


def _prepare(recipe: Recipe, store: Store, home: Path, progress: Progress) -> TrainingInputs:
    """Return the stages before training, each made in its folder of the store where it is not there."""
    from seqloom.corpus.sources import locate
    from seqloom.corpus.stage import build_corpus
    from seqloom.dataset.stage import encode_corpus
    from seqloom.vectors.stage import build_vectors
    from seqloom.vocabulary.stage import build_vocabulary

    def build(stage: Stage, inputs: list[str], write: Callable[[Path], Mapping[str, Any]]) -> Manifest:
        return store.build(stage.name, stage.key(recipe, inputs), write)

    sources, section = locate(recipe.corpus, home), recipe.corpus
    corpus = build(
        CORPUS, [digest_of_sources(sources)], lambda to: build_corpus(section, sources, to, progress, store.root)
    )
    if recipe.corpus.teacher:
        corpus = _taught(recipe, corpus, store, home, progress)
    recipe = _pretrained(recipe, adapt(recipe, corpus.facts).recipe, corpus, store, home, progress)
    labeled, shared = application_of(recipe.task).answer == "label", recipe.vocabulary.shared
    vocabulary = build(
        VOCABULARY,
        [corpus.digest],
        lambda to: build_vocabulary(
            recipe.vocabulary,
            corpus.path,
            to,
            progress,
            _parent(recipe, home),
            labeled,
            recipe.training.start_encoder_from,
        ),
    )
    both = [corpus.digest, vocabulary.digest]
    vectors = build(
        VECTORS, both, lambda to: build_vectors(recipe.vectors, shared, corpus.path, vocabulary.path, to, progress)
    )
    dataset = build(DATASET, both, lambda to: encode_corpus(corpus.path, vocabulary.path, to, progress))
    return TrainingInputs(recipe, corpus, vocabulary, vectors, dataset)


def _taught(recipe: Recipe, corpus: Manifest, store: Store, home: Path, progress: Progress) -> Manifest:
    """Return the corpus with the rows of the recipe's teacher."""
    from seqloom.corpus.sources import locate_monolingual
    from seqloom.registry.teacher_version import teaching_inputs, teaching_of

    texts = locate_monolingual(recipe.corpus, home)
    inputs = teaching_inputs(recipe, corpus, texts, home)

    def write(folder: Path) -> Mapping[str, Any]:
        return teaching_of(recipe, corpus, texts, home, inputs).build(folder, progress)

    return store.build(TEACHING.name, TEACHING.key(recipe, inputs), write)


def _pretrained(
    asked: Recipe, adapted: Recipe, corpus: Manifest, store: Store, home: Path, progress: Progress
) -> Recipe:
    """Return the adapted recipe, and where raw text is asked for, learn the encoder that it starts from."""
    from seqloom.corpus.raw_text import check_raw_text, locate_raw_text

    raw = pretraining_recipe(asked, adapted, corpus.path, corpus.facts)
    if raw is None:
        return adapted
    locate_raw_text(asked, home)
    made = _prepare(raw, store, home, progress)
    check_raw_text(made.corpus.facts)
    return with_encoder(adapted, _trained(made, store, home, _unobserved, progress, PRETRAINING).path)


def _parent(recipe: Recipe, home: Path) -> Path | None:
    """Return the parent checkpoint of a training, if it has one."""
    if not recipe.training.start_from:
        return None
    from seqloom.registry.parent_version import parent_of  # MLflow: seconds

    return parent_of(recipe, home)


def _trained(
    made: TrainingInputs,
    store: Store,
    home: Path,
    observe: Observe,
    progress: Progress,
    stage: Stage = TRAINING,
) -> Manifest:
    """Return the training stage, or that of a pretraining, resumed if it was interrupted."""
    key = stage.key(made.recipe, made.digests)
    workspace = store.workspace_path(stage.name, key)

    def write(folder: Path) -> dict[str, Any]:
        from seqloom.training.stage import train_model  # torch: seconds that a finished training is spared

        store.workspace(stage.name, key)
        if made.recipe.training.start_from:
            from seqloom.registry.parent_version import copy_parent

            copy_parent(made.recipe, home, workspace)
        return train_model(made.job(workspace, folder), observe, progress)

    finished = store.build(stage.name, key, write)
    store.discard_workspace(stage.name, key)
    return finished


@contextmanager
def _private(home: Path) -> Iterator[None]:
    """Make files for the user alone; afterwards, what else this process writes is as before."""
    before = os.umask(0o077)
    os.umask(before)
    try:
        keep_private(home)
        yield
    finally:
        os.umask(before)


def _checked(recipe: Recipe | Mapping[str, Any] | str | Path, overrides: Sequence[str]) -> Recipe:
    if isinstance(recipe, str | Path):
        return load_recipe(Path(recipe), overrides)
    checked = recipe if isinstance(recipe, Recipe) else check_recipe(dict(recipe), "the recipe")
    return change_recipe(checked, overrides) if overrides else checked


def _read(checkpoint: Path, corpus: Path | None = None) -> TextModel:
    from seqloom.corpus.corpus_files import read_split
    from seqloom.decoding.generator_loader import load_generator
    from seqloom.recipe.recipe_json import read_recipe

    recipe, generator = read_recipe(checkpoint), load_generator(checkpoint)
    test = read_split(corpus, "test") if corpus else _no_rows()
    return TextModel(generator, recipe.task, recipe.corpus.target_language, checkpoint, test)


def _unobserved(row: Mapping[str, float]) -> None:
    """Ignore a training's metrics; they are in its history."""
