"""An untrained model of a few words, and the manifests of stages that never ran."""

from pathlib import Path
from typing import Any

import torch

from seqloom.artifact.manifest import Manifest
from seqloom.models.model_factory import Sizes, build_model, save_checkpoint
from seqloom.recipe.recipe_json import write_recipe
from seqloom.recipe.schema import Recipe
from seqloom.vocabulary.special_tokens import VOCABULARY_FILES
from seqloom.vocabulary.tokenizer_trainers import train_vocabulary
from seqloom.vocabulary.word_counts import count_for
from tests.models.plain import plain_recipe

METRICS = {"test/bleu": 12.5, "test/chrf": 34.25, "baseline/copy/chrf": 6.0}


def recipe_named(name: str, **changes: Any) -> Recipe:
    tree = {
        "name": name,
        "corpus": {"train": ["pairs.tsv"]},
        "vocabulary": {"kind": "word", "min_frequency": 1},
        "vectors": {"width": 8},
        "model": {"encoder_width": 6, "decoder_width": 10},
        **changes,
    }
    return plain_recipe(tree)


def write_checkpoint(folder: Path, **changes: Any) -> Path:
    recipe = recipe_named("tiny", **changes)
    vocabulary = train_vocabulary(count_for("bpe", ["ein kleiner Hund", "a small dog"]), recipe.vocabulary)
    for file in VOCABULARY_FILES:
        vocabulary.save(folder / file)
    sizes = Sizes(len(vocabulary), len(vocabulary), recipe.vectors.width, shared=False)
    torch.manual_seed(0)
    save_checkpoint(build_model(recipe.model, sizes), sizes, folder)
    write_recipe(recipe, folder)
    return folder


def manifest(stage: str, folder: Path = Path("nowhere"), **facts: Any) -> Manifest:
    return Manifest(stage, f"key of {stage}", f"digest of {stage}", str(folder), 1.0, facts)


def corpus() -> Manifest:
    return manifest("corpus", rows={"train": 8, "validation": 1, "test": 1})


def evaluation(folder: Path = Path("nowhere")) -> Manifest:
    examples = [{"source": "a small dog", "reference": "ein kleiner Hund", "hypothesis": ""}]
    return manifest("evaluation", folder, metrics=METRICS, signatures={"bleu": "nrefs:1"}, examples=examples)
