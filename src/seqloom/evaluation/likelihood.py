"""How well the model predicts the reference itself, one token at a time, given the tokens before it.

B batch, T target length, N target tokens that are not padding, D width, V vocabulary.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch.nn.functional import cross_entropy

from seqloom.dataset.batch import Batch
from seqloom.errors import UserError
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.vocabulary.special_tokens import PADDING

_LARGEST_LOSS = 700.0  # nats a token; e to the 710th is no longer a float, and infinity is no JSON


@dataclass(frozen=True)
class Likelihood:
    """Teacher-forced figures over a split; comparable only between models of the same vocabulary."""

    perplexity: float  # e to the mean loss of a token, without label smoothing
    accuracy: float  # share of tokens, END among them, that were the model's first choice: 0 to 1
    tokens: int


def likelihood(model: EncoderDecoder, batches: Iterable[Batch]) -> Likelihood:
    """Measure `model` on the device it is on, with dropout off; its mode is put back afterwards.

    Raises:
        UserError: the model answers NaN, which training with too large a step leaves behind.
    """
    was_training = model.training
    model.eval()
    try:
        loss, right, tokens = _totals(model, batches)
    finally:
        model.train(was_training)
    assert tokens > 0, "a likelihood needs tokens"
    if math.isnan(loss):
        raise UserError(
            "the trained model answers NaN: lower training.learning_rate or training.max_grad_norm, and run again"
        )
    return Likelihood(math.exp(min(loss / tokens, _LARGEST_LOSS)), right / tokens, tokens)


@torch.inference_mode()
def _totals(model: EncoderDecoder, batches: Iterable[Batch]) -> tuple[float, int, int]:
    """Summed loss in nats, tokens predicted right, and tokens."""
    device = next(model.parameters()).device
    loss, right, tokens = 0.0, 0, 0
    for batch in batches:
        batch = batch.to(device)
        real = batch.target_output != PADDING  # (B, T)
        expected = batch.target_output[real]  # (N,)
        logits = model.project(model(batch)[real])  # (N, V): padding is never projected
        loss += cross_entropy(logits.float(), expected, reduction="none").double().sum().item()
        right += int((logits.argmax(dim=-1) == expected).sum())
        tokens += len(expected)
    return loss, right, tokens
