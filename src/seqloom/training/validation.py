"""Validation loss and scores, and the score that selects an epoch."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

import torch

from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.dataset.padded_batch import Batch
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.training.training_state import HistoryRow

if TYPE_CHECKING:
    from seqloom.recipe.schema import TrainingSection

Validate = Callable[[EncoderDecoder], Mapping[str, float]]
"""Scores a model on validation text: {"bleu": …, "chrf": …}."""


@torch.inference_mode()
def validation_loss(model: EncoderDecoder, batches: Iterable[Batch], device: torch.device) -> float:
    """Return the mean cross-entropy per target token over all batches, in nats, without smoothing or dropout."""
    model.eval()
    total, tokens = 0.0, 0
    for batch in batches:
        total += model.loss(batch.to(device), 0.0).item() * batch.tokens
        tokens += batch.tokens
    model.train()
    return total / tokens


class Validation:
    """Validation of the current model."""

    def __init__(
        self,
        model: EncoderDecoder,
        split: BucketedBatches,
        section: "TrainingSection",
        device: torch.device,
        validate: Validate,
    ) -> None:
        self.model = model
        self.split = split
        self.select_by = section.select_by
        self.device = device
        self.validate = validate

    def __call__(self) -> tuple[float, HistoryRow]:
        """Return the score that selects epochs, of which higher is better, and all scores by name."""
        loss = validation_loss(self.model, self.split.in_order(), self.device)
        scores = {"validation/loss": loss, "validation/perplexity": math.exp(min(loss, 700.0))}
        if self.select_by == "loss" or not math.isfinite(loss):
            return -loss, scores
        self.model.eval()  # text scores only where they choose: they cost a decoding of the validation split
        scores |= {f"validation/{name}": value for name, value in self.validate(self.model).items()}
        self.model.train()
        return scores[f"validation/{self.select_by}"], scores
