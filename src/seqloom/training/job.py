"""One training as files say it, so that any process of the machine can take part."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.models.factory import Sizes
from seqloom.recipe.serialization import read_recipe, write_recipe
from seqloom.training.validation import Validate

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe

JOB_FILE = "job.json"


@dataclass(frozen=True)
class Scoring:
    """How validation text is scored: a factory by its place, `package.module:name`, and its arguments.

    Training knows neither decoding nor scores, and a function cannot be handed to another process through a file.
    """

    place: str
    arguments: Mapping[str, str]

    def build(self) -> Validate:
        """Import the factory and call it."""
        module, name = self.place.split(":")
        validate: Validate = getattr(import_module(module), name)(**self.arguments)
        return validate


@dataclass(frozen=True)
class Job:
    """What a training reads and where it writes."""

    recipe: "Recipe"
    sizes: Sizes
    vocabulary: Path
    vectors: Path
    batches: Path
    workspace: Path
    folder: Path  # of the finished stage
    scoring: Scoring

    def write(self, place: Path) -> None:
        """Leave everything in the folder `place`."""
        write_recipe(self.recipe, place)
        paths = {name: str(value) for name, value in vars(self).items() if isinstance(value, Path)}
        fields = {"sizes": asdict(self.sizes), "paths": paths, "scoring": asdict(self.scoring)}
        (place / JOB_FILE).write_text(json.dumps(fields), encoding="utf-8")


def read_job(place: Path) -> Job:
    """What `Job.write` left."""
    fields = json.loads((place / JOB_FILE).read_text(encoding="utf-8"))
    paths = {name: Path(path) for name, path in fields["paths"].items()}
    return Job(read_recipe(place), Sizes(**fields["sizes"]), scoring=Scoring(**fields["scoring"]), **paths)
