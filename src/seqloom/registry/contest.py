"""Versions of one name that are asked the same test rows, and then timed by turns."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Self

from mlflow import MlflowClient

from seqloom.evaluation.comparing import Counts
from seqloom.progress import Progress
from seqloom.recipe.kinds.choosing import judged_by, kind_of
from seqloom.recipe.schema import Recipe
from seqloom.registry.gate import Contender
from seqloom.registry.latency import Answer, by_turns
from seqloom.registry.lookup import fetch
from seqloom.registry.measuring import measure, megabytes_of
from seqloom.registry.sealed import CHECKPOINT

if TYPE_CHECKING:
    from seqloom.evaluation.kinds.judge import HeldOut, Replies


@dataclass(frozen=True)
class Answered:
    """What a version answered to the test rows, and how it is asked for more."""

    version: int
    counts: Counts
    megabytes: float
    answer: Answer


@dataclass(frozen=True)
class Contest:
    """The test rows, and a folder of the contest's own for those who are asked them."""

    client: MlflowClient
    recipe: Recipe
    test: "HeldOut"
    progress: Progress
    folder: str

    @classmethod
    @contextmanager
    def of(cls, client: MlflowClient, recipe: Recipe, test: "HeldOut", progress: Progress) -> Iterator[Self]:
        """While it lasts the packages of all who are asked lie there."""
        with TemporaryDirectory() as folder:
            yield cls(client, recipe, test, progress, folder)

    def ask(self, number: int) -> Answered:
        """A version, asked as others ask it."""
        from seqloom.evaluation.kinds.choosing import judge_of

        recipe, test = self.recipe, self.test
        package = fetched(self.client, recipe.name, number, self.folder)
        uri = str(package.parents[1])
        measured = measure(uri, test.sources, recipe.decoding, recipe.training.device, self.progress)
        replies = _spelt(measured.replies, package, test) if kind_of(recipe.task).running else measured.replies
        counts = judge_of(recipe.task).count(judged_by(recipe).name, replies, test)
        return Answered(number, counts, megabytes_of(package), measured.answer)

    def timed(self, *answered: Answered | None) -> list[Contender | None]:
        """Who answered, in this order, with what each takes for one text."""
        there = [each for each in answered if each]
        found = zip(there, by_turns([each.answer for each in there], self.test.sources), strict=True)
        latencies = {each.version: latency for each, latency in found}
        return [
            Contender(each.version, each.counts, latencies[each.version], each.megabytes) if each else None
            for each in answered
        ]


def fetched(client: MlflowClient, name: str, number: int, folder: str) -> Path:
    """The package of a version, below `folder`, where nobody changes it between the look and the use."""
    return fetch(client.get_model_version(name, str(number)), Path(folder, name, str(number)))


def _spelt(replies: "Replies", version: Path, test: "HeldOut") -> "Replies":
    """Replies whose log-probabilities hold the spelling of unknown words: a version made before that left it out."""
    if "spelling" in replies:
        return replies
    from seqloom.decoding.continuing import Continuer

    generator = Continuer.load(version / CHECKPOINT)
    assert isinstance(generator, Continuer)
    figures = zip(replies["log_probability"], generator.spellings(test.sources), strict=True)
    return {**replies, "log_probability": [figure + spelling for figure, spelling in figures]}
