"""Head-to-head comparison: versions predict the same test rows, and their latency is measured in turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from mlflow import MlflowClient

from seqloom.evaluation.paired_bootstrap import SufficientStatistics
from seqloom.progress import Progress
from seqloom.recipe.applications import application_of, metric_of_recipe
from seqloom.recipe.recipe_json import RECIPE_FILE, read_recipe
from seqloom.recipe.schema import Recipe
from seqloom.recipe.sections.source_section import source_names
from seqloom.registry.gate import Contender
from seqloom.registry.latency_benchmark import measure, megabytes_of
from seqloom.registry.latency_measurement import Answer, by_turns
from seqloom.registry.model_uri import fetch
from seqloom.registry.seal import CHECKPOINT

if TYPE_CHECKING:
    from seqloom.evaluation.applications.evaluator import EvalSet, Replies


@dataclass(frozen=True)
class Answered:
    """Predictions and scores of one version, and the loaded model."""

    version: int
    counts: SufficientStatistics
    megabytes: float
    answer: Answer
    source_names: frozenset[str]  # of the corpora that it learned from, by its recipes


@dataclass(frozen=True)
class HeadToHead:
    """The test rows, and a temporary folder for the packages of the versions compared."""

    client: MlflowClient
    recipe: Recipe
    test: "EvalSet"
    progress: Progress
    folder: str

    @classmethod
    @contextmanager
    def of(cls, client: MlflowClient, recipe: Recipe, test: "EvalSet", progress: Progress) -> Iterator[Self]:
        """Provide the comparison; packages stay in its temporary folder until it ends."""
        with TemporaryDirectory() as folder:
            yield cls(client, recipe, test, progress, folder)

    def ask(self, number: int) -> Answered:
        """Load a version through MLflow and predict the test rows."""
        from seqloom.evaluation.applications.evaluator_factory import evaluator_of

        recipe, test = self.recipe, self.test
        package = fetched(self.client, recipe.name, number, self.folder)
        uri = str(package.parents[1])
        measured = measure(uri, test.sources, recipe.decoding, recipe.training.device, self.progress)
        running_text = application_of(recipe.task).running_text
        replies = _spelt(measured.replies, package, test) if running_text else measured.replies
        counts = evaluator_of(recipe.task).count(metric_of_recipe(recipe).name, replies, test)
        return Answered(number, counts, megabytes_of(package), measured.answer, _source_names(package / CHECKPOINT))

    def timed(self, *answered: Answered | None) -> list[Contender | None]:
        """Measure the latency of versions in turns, and return them with it, in this order."""
        there = [each for each in answered if each]
        found = zip(there, by_turns([each.answer for each in there], self.test.sources), strict=True)
        latencies = {each.version: latency for each, latency in found}
        return [
            Contender(each.version, each.counts, latencies[each.version], each.megabytes) if each else None
            for each in answered
        ]


def fetched(client: MlflowClient, name: str, number: int, folder: str) -> Path:
    """Download a version's package below `folder`, where nobody changes it between check and use."""
    return fetch(client.get_model_version(name, str(number)), Path(folder, name, str(number)))


def _source_names(checkpoint: Path) -> frozenset[str]:
    """Return the sources in the recipe of a version, of an ensemble in those of its members."""
    corpora = [read_recipe(file.parent).corpus for file in checkpoint.rglob(RECIPE_FILE)]
    return frozenset(name for corpus in corpora for name in (corpus.source_name, *source_names(corpus)))


def _spelt(replies: "Replies", version: Path, test: "EvalSet") -> "Replies":
    """Return replies with the spelling of unknown words in their log-probabilities, which old versions left out."""
    if "spelling" in replies:
        return replies
    from seqloom.decoding.language_model import LanguageModel

    generator = LanguageModel.load(version / CHECKPOINT)
    assert isinstance(generator, LanguageModel)
    pairs = zip(replies["log_probability"], generator.spellings(test.sources), strict=True)
    return {**replies, "log_probability": [value + spelling for value, spelling in pairs]}
