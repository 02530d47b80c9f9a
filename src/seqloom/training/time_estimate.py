"""Time estimate of an update on this machine, measured on the first ones of a training."""

import time
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import torch

from seqloom.dataset.batch_factory import open_batches
from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.model_factory import Sizes, build_model
from seqloom.recipe.recipe_rules import window_of
from seqloom.training.data_parallel import SingleProcess
from seqloom.training.device import choose_device
from seqloom.training.gradient_accumulation import Gradients
from seqloom.training.privacy_accountant import PrivacyLoss
from seqloom.training.private_gradients import PrivateGradients
from seqloom.training.private_updates import SAMPLE, NoiseKey, PrivateUpdates, updates_of_epoch
from seqloom.training.update_batches import Update, Updates

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe, TrainingSection

WARM = 2  # updates before the clock starts
MEASURED = 12  # at most: batches differ in length, so that some are needed for a mean
ENOUGH = 1.0  # seconds of measuring


def seconds_of_update(recipe: "Recipe", vocabulary: tuple[int, int], dataset: Path) -> float:
    """Return the mean seconds of an update, for these vocabulary sizes and the dataset in `dataset`.

    The linear part of a classifier, validation and checkpoints are not included, nor is the optimizer's own step, a
    hundredth of an update (docs/notes/speed.md): the first one loads torch's compiler, a second or two.
    """
    section = recipe.training
    sizes = Sizes(*vocabulary, recipe.vectors.width, recipe.vocabulary.shared, window=window_of(recipe))
    device = choose_device(section.device)
    with torch.random.fork_rng():
        model = build_model(recipe.model.model_copy(update={"ngram_order": 0}), sizes, section.objective)
        model = model.to(device).train()
        train = open_batches(recipe, dataset, "train")
        if section.privacy_epsilon:
            return _seconds_of_private_update(model, train, section, device)
        gradients = Gradients(model, section, device, SingleProcess())
        updates = Updates(train, section, device, 0, 1, 1).of_epoch(0, (0, 0))
        taken: list[float] = []
        for update in islice(updates, WARM + MEASURED):
            began = time.perf_counter()
            [loss, *_] = gradients.add_up(update, 0)
            model.zero_grad(set_to_none=True)
            loss.item()  # a GPU has to finish
            taken.append(time.perf_counter() - began)
            if sum(taken[WARM:]) > ENOUGH:
                break
    measured = taken[WARM:] or taken  # of an epoch that is shorter
    return sum(measured) / len(measured)


def _seconds_of_private_update(
    model: EncoderDecoder, train: BucketedBatches, section: "TrainingSection", device: torch.device
) -> float:
    """Return the seconds of the noise of an update, and of as many rows as it has on average, timed on some of them."""
    rows = len(train.source)
    count = updates_of_epoch(train, section)
    with TemporaryDirectory() as folder:
        key = NoiseKey(Path(folder), resumed=False)
        updates = PrivateUpdates(train, section, device, key)
        planned = PrivacyLoss(section.privacy_epsilon, 0.0, 1.0, section.max_grad_norm, 1 / count, rows, count)
        gradients = PrivateGradients(model, section, device, planned, key)
        taken: list[tuple[float, float]] = []
        for number in range(WARM + MEASURED):
            some = key.random(number, SAMPLE).integers(rows, size=MEASURED)
            update = updates.make(np.split(some, MEASURED), (0, 0))
            taken.append((_seconds(gradients, update), _seconds(gradients, updates.make([], (0, 0)))))
            if sum(map(sum, taken[WARM:])) > ENOUGH:
                break
    whole, noise = np.mean(taken[WARM:], axis=0)
    return float(noise + max(0.0, whole - noise) / MEASURED * rows / count)


def _seconds(gradients: PrivateGradients, update: Update) -> float:
    began = time.perf_counter()
    gradients.add_up(update, 0)
    if gradients.device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began
