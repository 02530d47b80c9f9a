"""Job description of a training, written to files for worker processes."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Self

from seqloom.models.model_factory import Sizes
from seqloom.recipe.recipe_json import read_recipe, write_recipe
from seqloom.training.validation import Validate

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe

_Arguments = ParamSpec("_Arguments")

JOB_FILE = "job.json"
OUTCOME_FILE, EVENTS_FILE, LOG_FILE = "outcome.json", "events.jsonl", "process-{}.log"  # of processes that take part


@dataclass(frozen=True)
class Scoring:
    """Factory of the validation scorer, by module and name, and its arguments.

    Training knows neither decoding nor metrics: its caller passes the function, and worker processes import it.
    """

    module: str
    function: str
    arguments: Mapping[str, str]

    @classmethod
    def of(cls, function: Callable[_Arguments, Validate], *values: _Arguments.args, **named: _Arguments.kwargs) -> Self:
        """Return the scoring by a module-level function, of texts alone; mypy checks its arguments."""
        return cls(function.__module__, function.__name__, dict(signature(function).bind(*values, **named).arguments))

    def build(self) -> Validate:
        """Import the function, call it, and return the scorer."""
        validate: Validate = getattr(import_module(self.module), self.function)(**self.arguments)
        return validate


@dataclass(frozen=True)
class TrainingJob:
    """Inputs and output folders of a training."""

    recipe: "Recipe"
    sizes: Sizes
    vocabulary: Path
    vectors: Path
    dataset: Path
    workspace: Path
    folder: Path  # of the finished stage
    scoring: Scoring | None  # None where the validation loss chooses

    def write(self, folder: Path) -> None:
        """Write the job to folder `folder`."""
        write_recipe(self.recipe, folder)
        paths = {name: str(value) for name, value in vars(self).items() if isinstance(value, Path)}
        scoring = asdict(self.scoring) if self.scoring else None
        fields = {"sizes": asdict(self.sizes), "paths": paths, "scoring": scoring}
        (folder / JOB_FILE).write_text(json.dumps(fields), encoding="utf-8")


def read_job(folder: Path) -> TrainingJob:
    """Read what `TrainingJob.write` wrote."""
    fields = json.loads((folder / JOB_FILE).read_text(encoding="utf-8"))
    paths = {name: Path(path) for name, path in fields["paths"].items()}
    scoring = Scoring(**fields["scoring"]) if fields["scoring"] else None
    return TrainingJob(read_recipe(folder), Sizes(**fields["sizes"]), scoring=scoring, **paths)
