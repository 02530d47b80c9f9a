"""The stages, what each depends on, and the cache key that follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqloom.artifact.digest import digest_of_code, digest_of_file, digest_of_value
from seqloom.recipe.kinds.choosing import kind_of
from seqloom.recipe.schema import Recipe


@dataclass(frozen=True)
class Stage:
    """One step from text to registered version."""

    name: str
    reads: tuple[str, ...]  # the stages whose artifacts it opens
    sections: tuple[str, ...]  # the sections of the recipe it obeys; rules are the registry's
    code: tuple[str, ...]  # the packages of seqloom that do it

    def key(self, recipe: Recipe, inputs: Sequence[str]) -> str:
        """Digest of all that decides the result: `inputs` are the digests of what it reads, in the order of `reads`."""
        return digest_of_value(
            {
                "stage": self.name,
                "inputs": list(inputs),
                "recipe": {section: _fields(recipe, section) for section in self.sections},
                "code": digest_of_code(self.code),
            }
        )


_PRESENTED = {"description", "licence"}
"""Fields of the registry section that a version is made from; the others, but for the form, are rules."""


def _fields(recipe: Recipe, section: str) -> Any:
    """The fields of a section, where a field names a file its content in place of its name."""
    match section:
        case "name" | "task":
            return getattr(recipe, section)
        case "corpus":  # its files are among the inputs
            return recipe.corpus.model_dump(exclude={"train", "validation", "test"})
        case "vocabulary":
            labelled = kind_of(recipe.task).answer == "label"
            return {
                **recipe.vocabulary.model_dump(),
                "start_from": recipe.training.start_from,
                "labelled": labelled,
            }
        case "vectors":
            files = {name: Path(getattr(recipe.vectors, name)) for name in ("source_file", "target_file")}
            return {**recipe.vectors.model_dump(), **_digests(files)}
        case "training":  # how it is done, and not what comes of it
            weights = {"start_encoder_from": Path(recipe.training.start_encoder_from) / "weights.safetensors"}
            learned = recipe.training.model_dump(exclude={"processes", "checkpoint_minutes"})
            return {**learned, **_digests(weights), **_selection(recipe)}
        case "registry":
            return recipe.registry.model_dump(include=_PRESENTED)
        case "rules":
            return recipe.registry.model_dump(exclude=_PRESENTED | {"form"})
    return getattr(recipe, section).model_dump()


def _selection(recipe: Recipe) -> dict[str, Any]:
    """What chooses the epoch beside the weights: validation answers greedily, so nothing else of decoding counts."""
    if recipe.training.select_by == "loss":
        return {}
    if kind_of(recipe.task).answer == "label":
        return {"rows": "all"}
    return {"rows": "drawn by text", "task": recipe.task, "max_length": recipe.decoding.max_length}


def _digests(files: dict[str, Path]) -> dict[str, str]:
    return {name: digest_of_file(path) for name, path in files.items() if path.is_file()}


CORPUS = Stage("corpus", (), ("corpus",), ("corpus",))
VOCABULARY = Stage("vocabulary", ("corpus",), ("vocabulary",), ("vocabulary",))
VECTORS = Stage("vectors", ("corpus", "vocabulary"), ("vectors",), ("vectors",))
BATCHES = Stage("batches", ("corpus", "vocabulary"), (), ("batches",))
TRAINING = Stage("training", ("vocabulary", "vectors", "batches"), ("model", "training"), ("models", "training"))
EVALUATION = Stage(
    "evaluation", ("corpus", "batches", "training"), ("task", "decoding", "evaluation"), ("decoding", "evaluation")
)
REGISTRY = Stage("registry", ("training", "evaluation"), ("name", "registry"), ("registry",))
GATE = Stage("gate", ("corpus", "evaluation", "registry"), ("rules",), ())  # the registry's key knows its code

STAGES = (CORPUS, VOCABULARY, VECTORS, BATCHES, TRAINING, EVALUATION, REGISTRY, GATE)
