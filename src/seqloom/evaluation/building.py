"""The evaluation stage: a checkpoint and the test split to scores, hypotheses and pictures."""

from pathlib import Path
from typing import Any

from seqloom.artifact.manifest import Manifest
from seqloom.batches.bucketing import BucketedBatches
from seqloom.batches.forms import form_of
from seqloom.corpus.reading import read_split
from seqloom.decoding.generator import Generator
from seqloom.evaluation.evaluating import evaluate
from seqloom.evaluation.likelihood import likelihood
from seqloom.progress import Progress
from seqloom.recipe.schema import Recipe
from seqloom.training.device import choose_device
from seqloom.training.history import read_history


def evaluate_checkpoint(
    recipe: Recipe, corpus: Path, batches: Path, training: Manifest, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Decode and score the test split beside both baselines, and write everything to `folder`."""
    generator = Generator.load(training.path)
    generator.decoding = recipe.decoding
    generator.model.to(choose_device(recipe.training.device))
    form = form_of(recipe.model, recipe.training.objective)
    test = BucketedBatches.open(batches, "test", recipe.training.batch_tokens, form)
    return evaluate(
        generator.generate,
        likelihood(generator.model, test.in_order()),
        read_split(corpus, "train"),
        read_split(corpus, "test"),
        recipe.evaluation,
        recipe.corpus.target_language,
        read_history(training.path),
        folder,
        progress,
        chosen_epoch=training.facts["best_epoch"],
    )
