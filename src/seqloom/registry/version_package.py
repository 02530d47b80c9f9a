"""A version's package: checkpoint, the modules that run it, and the seal on both."""

import ast
import shutil
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version as installed
from importlib.util import find_spec
from pathlib import Path

import seqloom
from seqloom.decoding.confidence import CONFIDENCE_FILE
from seqloom.decoding.known_answers import KNOWN_ANSWERS_FILE, KnownAnswers
from seqloom.recipe.recipe_json import write_recipe
from seqloom.recipe.schema import Recipe
from seqloom.registry.known_answer_files import recipe_answers
from seqloom.registry.seal import CHECKPOINT, CODE, LIBRARY, seal
from seqloom.vocabulary.special_tokens import VOCABULARY_FILES
from seqloom.vocabulary.vocabulary import Vocabulary

ENTRIES = ("seqloom.decoding.predictor", "seqloom.decoding.backend_choice", "seqloom.registry.seal")
LIBRARIES = ("mlflow", "numpy", "pandas", "pydantic", "pyyaml", "rjieba", "safetensors", "tokenizers", "torch")
ENGINE = "ctranslate2"  # of the backends that have its name
CPU_ALONE = "--extra-index-url https://download.pytorch.org/whl/cpu"  # torch without gigabytes of CUDA, for Linux
_SOURCE = Path(seqloom.__file__).parent


def pack(recipe: Recipe, checkpoint: Path, folder: Path, evaluation: Path) -> str:
    """Fill `folder` with a checkpoint and the code it needs, and seal it; return the seal's digest.

    The confidence that the folder `evaluation` may have becomes part of the checkpoint, and so do memory and rules of
    the recipe; an ensemble has those of its first member already.

    The recipe is the version's: a checkpoint that was there already may have come of one with another name or decoding.
    """
    shutil.copytree(checkpoint, folder / CHECKPOINT)
    write_recipe(recipe, folder / CHECKPOINT)
    if not (checkpoint / KNOWN_ANSWERS_FILE).is_file() and (known := _known_answers(recipe, checkpoint)):
        known.save(folder / CHECKPOINT)
    if (evaluation / CONFIDENCE_FILE).is_file():
        shutil.copyfile(evaluation / CONFIDENCE_FILE, folder / CHECKPOINT / CONFIDENCE_FILE)
    copy_code(folder)
    return seal(folder)


def copy_code(folder: Path) -> None:
    """Copy the modules that run a version into its folder."""
    for file in needed_modules():
        target = folder / CODE / LIBRARY / file.relative_to(_SOURCE)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def _known_answers(recipe: Recipe, checkpoint: Path) -> KnownAnswers | None:
    return recipe_answers(recipe, Vocabulary.load(checkpoint / VOCABULARY_FILES[1]).keeps_whitespace)


def requirements(recipe: Recipe) -> list[str]:
    """Return the installed versions of the libraries that those modules and the version's backend need."""
    has_engine = recipe.registry.backend.startswith(ENGINE) and find_spec(ENGINE)
    by_sentence = ("sentencex",) if recipe.decoding.long_texts == "sentences" else ()
    libraries = (*LIBRARIES, *by_sentence, *((ENGINE,) if has_engine else ()))
    # pip takes 2.13.0+cpu for ==2.13.0 where an index has it; named as such it would not be found on PyPI
    return [CPU_ALONE, *(f"{name}=={installed(name).partition('+')[0]}" for name in libraries)]


def engine_of(backend: str) -> str:
    """Return the pip requirement of a backend's engine; empty for torch, which every version needs."""
    return f"{ENGINE}=={installed(ENGINE)}" if backend.startswith(ENGINE) else ""


@cache
def needed_modules() -> tuple[Path, ...]:
    """Return the files of `ENTRIES` and, transitively, of every module of Seqloom that they import."""
    found: set[Path] = set()
    waiting = list(ENTRIES)
    while waiting:
        module = waiting.pop()
        for file in _files_of(module):
            if file not in found:
                found.add(file)
                waiting += _imports_of(file)
    return tuple(sorted(found))


def _files_of(module: str) -> list[Path]:
    """Return the file of a module and of its packages; of a name inside a module, the packages alone."""
    path = _SOURCE.joinpath(*module.split(".")[1:])
    around = [_SOURCE / package / "__init__.py" for package in path.relative_to(_SOURCE).parents]
    return [file for file in (path.with_suffix(".py"), path / "__init__.py", *around) if file.is_file()]


def _imports_of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == LIBRARY:
            assert node.module is not None
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.partition(".")[0] == LIBRARY)
