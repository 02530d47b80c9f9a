"""The training loss and the validation figures.

B batch, T target length, E embedding width.
"""

from collections.abc import Iterable

import torch
from torch import Tensor

from seqloom.dataset.batch import Batch
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.ngram_classifier import WideClassifier
from seqloom.models.pointer_generator import PointerGenerator
from seqloom.training.cross_entropy import linear_cross_entropy
from seqloom.vocabulary.special_tokens import PADDING


def token_loss(model: EncoderDecoder, batch: Batch, label_smoothing: float) -> Tensor:
    """Mean cross-entropy per target token, in nats; padding, and what is never written, is not even projected."""
    if isinstance(model, PointerGenerator | WideClassifier):
        return model.loss(batch, label_smoothing)
    hidden = model(batch)  # (B, T, E)
    real = batch.target_output != PADDING
    first = model.decoder.first_token
    return linear_cross_entropy(hidden[real], model.output, batch.target_output[real], label_smoothing, first)


@torch.inference_mode()
def validation_loss(model: EncoderDecoder, batches: Iterable[Batch], device: torch.device) -> float:
    """Mean cross-entropy per target token over all batches, in nats, without smoothing or dropout."""
    model.eval()
    total, tokens = 0.0, 0
    for batch in batches:
        total += token_loss(model, batch.to(device), 0.0).item() * batch.tokens
        tokens += batch.tokens
    model.train()
    return total / tokens
