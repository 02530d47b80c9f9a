"""Seqloom's own training stage: `python -m bench.contenders.seqloom RECIPE FOLDER [SECTION.FIELD=VALUE …]`.

The library's function trains from the artifacts of its own stages, and is looked in on through its optimizer's step
(which passes torch's hook by) and the batches it draws; nothing is spared that a user's training does, but for the
validation split, which is a few sentences.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from torch.optim import Optimizer

from bench.artifacts import sizes_of
from bench.paths import RECIPES
from bench.turns import Turns
from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.progress import unwatched
from seqloom.recipe.recipe_loader import load_recipe
from seqloom.training import optimizer
from seqloom.training.stage import train_model
from seqloom.training.training_job import TrainingJob

WARM_UP = 10


def main() -> None:
    """Train until the race is over."""
    model, folder, overrides = sys.argv[1], Path(sys.argv[2]), sys.argv[3:]
    recipe = load_recipe(RECIPES / f"{model}.yaml", overrides)
    turns = Turns(WARM_UP)
    read, step = BucketedBatches.batch, optimizer.take_step
    training_rows = len(BucketedBatches.open(folder / "dataset", "train", 1).source)

    def counted(batches: BucketedBatches, rows: Any) -> Any:
        batch = read(batches, rows)
        if len(batches.source) == training_rows:  # not a validation batch
            turns.drawn(batch.tokens)
        return batch

    def observe(row: dict[str, float]) -> None:
        if "validation/loss" in row:
            turns.interrupted()

    def stepped(optimizer: Optimizer) -> None:
        step(optimizer)
        turns.updated(optimizer)

    optimizer.take_step = stepped
    BucketedBatches.batch = counted  # type: ignore[method-assign, assignment]
    with tempfile.TemporaryDirectory() as scratch:
        (workspace := Path(scratch) / "workspace").mkdir()
        (made := Path(scratch) / "made").mkdir()
        sizes = sizes_of(recipe, folder / "vocabulary")
        vocabulary, vectors, dataset = (folder / name for name in ("vocabulary", "vectors", "dataset"))
        job = TrainingJob(recipe, sizes, vocabulary, vectors, dataset, workspace, made, None)
        train_model(job, observe, unwatched)


if __name__ == "__main__":
    main()
