"""What is said of a training beforehand: as many updates as it makes, whatever the text and however it is cut."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from mlflow import MlflowClient

from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.dataset.batch_factory import open_batches
from seqloom.dataset.stage import encode_corpus
from seqloom.progress import unwatched
from seqloom.recipe.adaptive_defaults import adapt
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import Recipe
from seqloom.registry.preflight import check_recipe_and_files
from seqloom.training.update_batches import Updates
from seqloom.vocabulary.stage import build_vocabulary

WORDS = ["window", "light", "garden", "river", "morning", "children", "between", "yellow", "around", "never"]
ONE = {"epochs": 3, "device": "cpu"}
ADDED_UP = {"epochs": 2, "batch_tokens": 300, "gradient_accumulation": 4, "device": "cpu"}
LARGE = {"epochs": 1, "batch_tokens": 4096, "device": "cpu"}


def write_table(place: Path, rows: int, longest: int) -> None:
    """Sentences of words that a small vocabulary has to spell."""
    draw = random.Random(3)

    def text() -> str:
        words = draw.choices(WORDS, k=draw.randint(1, longest))
        return " ".join(word + draw.choice(("", "s", "ish", "er")) + draw.choice("abcdefgh") for word in words)

    lines = [f"{text()} {number}\t{text()}\n" for number in range(rows)]
    (place / "pairs.tsv").write_text(f"source\ttarget\n{''.join(lines)}", encoding="utf-8")


def made_updates(recipe: Recipe, folder: Path) -> int:
    """Updates that a training would make, each one drawn."""
    corpus, vocabulary, batches = (folder / name for name in ("corpus", "vocabulary", "dataset"))
    for each in (corpus, vocabulary, batches):
        each.mkdir()
    recipe = adapt(recipe, build_corpus(recipe.corpus, locate(recipe.corpus, folder), corpus, unwatched)).recipe
    build_vocabulary(recipe.vocabulary, corpus, vocabulary, unwatched)
    encode_corpus(corpus, vocabulary, batches, unwatched)
    section = recipe.training
    updates = Updates(open_batches(recipe, batches, "train"), section, torch.device("cpu"), 0, 1, 1)
    return sum(1 for epoch in range(section.epochs) for _ in updates.of_epoch(epoch, (0, 0)))


@pytest.mark.parametrize(("rows", "longest", "training"), [(200, 4, ONE), (200, 12, ADDED_UP), (900, 12, LARGE)])
def test_a_check_says_how_many_updates_a_training_makes(
    rows: int,
    longest: int,
    training: dict[str, Any],
    client: MlflowClient,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", client.tracking_uri)
    monkeypatch.chdir(tmp_path)
    write_table(tmp_path, rows, longest)
    model = {"encoder_width": 8, "decoder_width": 8, "encoder_layers": 1, "decoder_layers": 1}
    tree = {"name": "told", "task": "translation", "corpus": {"train": ["pairs.tsv"]}, "model": model}
    recipe = check_recipe({**tree, "training": training}, "told.yaml")
    coming = check_recipe_and_files(recipe, tmp_path / "home", unwatched, timed=True).coming
    assert coming.updates == pytest.approx(made_updates(recipe, tmp_path), rel=0.1)
    assert coming.seconds is not None
    assert coming.seconds > 0
