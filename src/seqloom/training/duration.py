"""How long an update takes on this machine, measured with a few of them on text of no meaning."""

import statistics
import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from seqloom.batches.batch import Batch, make_batch, make_labelled_batch
from seqloom.models.building import Sizes, build_model
from seqloom.recipe.kinds.choosing import kind_of
from seqloom.training.device import choose_device
from seqloom.training.gradients import Gradients
from seqloom.training.group import Alone
from seqloom.training.optimiser import build_optimiser
from seqloom.training.updates import Update
from seqloom.vocabulary.special import SPECIAL_TOKENS

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe

WARM, MEASURED = 1, 3  # updates
_LABELS = 5 + len(SPECIAL_TOKENS)  # of a target vocabulary


def seconds_of_update(recipe: "Recipe", lengths: tuple[int, int]) -> float:
    """Seconds that an update of the recipe's model takes on rows of so many source and target tokens: the median.

    The vocabulary counts as full, and the linear part of a classifier as nothing.
    """
    labelled, section = kind_of(recipe.task).answer == "label", recipe.training
    tokens = recipe.vocabulary.size
    sizes = Sizes(tokens, _LABELS if labelled else tokens, recipe.vectors.width, recipe.vocabulary.shared)
    device = choose_device(section.device)
    with torch.random.fork_rng():
        model = build_model(recipe.model.model_copy(update={"linear_runs": 0}), sizes).to(device).train()
        gradients, optimiser = Gradients(model, section, device, Alone()), build_optimiser(section, model.parameters())
        batches = [_batch(recipe, lengths, sizes).to(device)] * section.accumulation
        update = Update([], batches, [batch.tokens for batch in batches], 1, (0, 0))
        taken = []
        for _ in range(WARM + MEASURED):
            began = time.perf_counter()
            [loss, *_] = gradients.add_up(update, 0)
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
            loss.item()  # a GPU has to finish
            taken.append(time.perf_counter() - began)
    return statistics.median(taken[WARM:])


def _batch(recipe: "Recipe", lengths: tuple[int, int], sizes: Sizes) -> Batch:
    """A batch as large as the recipe allows, of rows of one length."""
    source, target = (0, recipe.training.row_tokens) if recipe.corpus.format == "running" else lengths
    rows = max(1, recipe.training.batch_tokens // (max(source, target) + 1))
    random, first = np.random.default_rng(0), len(SPECIAL_TOKENS)
    sources = list(random.integers(first, sizes.source, (rows, source)))
    if kind_of(recipe.task).answer == "label":
        return make_labelled_batch(sources, list(random.integers(first, sizes.target, (rows, 1))))
    return make_batch(sources, list(random.integers(first, sizes.target, (rows, target))))
