"""The training stage: batches and vectors to a checkpoint folder that generates text on its own."""

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from seqloom.batches.bucketing import BucketedBatches
from seqloom.models.building import Sizes, build_model, save_checkpoint, set_vectors
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.progress import Progress
from seqloom.recipe.resolved import write_recipe
from seqloom.training.device import choose_device
from seqloom.training.trainer import Observe, Trainer
from seqloom.training.validation import Validate
from seqloom.vectors.loading import load_vectors
from seqloom.vocabulary.special import VOCABULARY_FILES

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe

HISTORY_FILE = "history.json"


def train_model(
    recipe: "Recipe",
    sizes: Sizes,
    vocabulary: Path,
    vectors: Path,
    batches: Path,
    workspace: Path,
    folder: Path,
    validate: Validate,
    observe: Observe,
    progress: Progress,
) -> dict[str, Any]:
    """Train in `workspace`, going on from its checkpoint if it has one, and write the best model to `folder`."""
    section = recipe.training
    device = choose_device(section.device)
    model = _fresh_model(recipe, sizes, vectors)
    train, validation = (
        BucketedBatches.open(batches, split, section.batch_tokens) for split in ("train", "validation")
    )
    trainer = Trainer(model, train, validation, section, device, workspace, validate, observe, progress)
    position = trainer.run()
    save_checkpoint(model.cpu(), sizes, folder)
    write_recipe(recipe, folder)
    (folder / HISTORY_FILE).write_text(json.dumps(position.history), encoding="utf-8")
    for name in VOCABULARY_FILES:
        shutil.copyfile(vocabulary / name, folder / name)
    return {
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "device": str(device),
        "epochs": position.epoch,
        "best_epoch": position.best_epoch,
        "steps": position.step,
        "validation": {name: round(value, 4) for name, value in trainer.figures.items()},
    }


def read_history(folder: Path) -> list[dict[str, float]]:
    """Every row a training recorded: losses by step, validation figures by epoch."""
    history: list[dict[str, float]] = json.loads((folder / HISTORY_FILE).read_text(encoding="utf-8"))
    return history


def _fresh_model(recipe: "Recipe", sizes: Sizes, vectors: Path) -> EncoderDecoder:
    torch.manual_seed(recipe.training.seed)
    model = build_model(recipe.model, sizes)
    for side, embedding in (("source", model.source_embedding), ("target", model.target_embedding)):
        matrix = load_vectors(vectors, side)
        if matrix is not None:
            set_vectors(embedding, matrix, recipe.training.freeze_embeddings)
    return model
