"""The training loss and the validation figures.

N target tokens of a batch, E embedding width, V vocabulary.
"""

from collections.abc import Iterable
from contextlib import AbstractContextManager

import torch
from torch import Tensor
from torch.nn import functional as F

from seqloom.batches.batch import Batch
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.pointer_generator import PointerGenerator
from seqloom.vocabulary.special import PADDING


def token_loss(model: EncoderDecoder, batch: Batch, label_smoothing: float) -> Tensor:
    """Mean cross-entropy per target token, in nats; with smoothing as Szegedy et al. 2016."""
    if isinstance(model, PointerGenerator):
        return model.loss(batch, label_smoothing)
    hidden = model(batch)  # (B, T, E)
    real = batch.target_output != PADDING
    logits = model.project(hidden[real])  # (N, V): padding is not even projected
    return F.cross_entropy(logits.float(), batch.target_output[real], label_smoothing=label_smoothing)


def precision_context(device: torch.device, precision: str) -> AbstractContextManager[None]:
    """bf16 computes matrix products in bfloat16; weights stay in float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")


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
