"""Perplexity: of the target tokens by teacher forcing, and of passages by their log-probabilities.

B batch, T target length, N target tokens without padding (of passages: passages), D feature width, V vocabulary.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from seqloom.dataset.padded_batch import Batch, padding_mask
from seqloom.errors import UserError
from seqloom.evaluation.paired_bootstrap import Figures, SufficientStatistics
from seqloom.models.encoder_decoder import EncoderDecoder

_LARGEST_LOSS = 700.0  # nats; e to the 710th is no longer a float, and infinity is no JSON


@dataclass(frozen=True)
class Likelihood:
    """Teacher-forced scores of a split; comparable only between models of the same vocabulary."""

    perplexity: float  # e to the mean loss of a token, without label smoothing
    accuracy: float  # share of tokens, END among them, that have the highest probability: 0 to 1
    tokens: int


def likelihood(model: EncoderDecoder, batches: Iterable[Batch]) -> Likelihood:
    """Evaluate `model` by teacher forcing on its own device, without dropout; its mode is restored afterwards.

    Raises:
        UserError: the logits are NaN, as after training with too large a learning rate.
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


def perplexity(log_probabilities: Sequence[float], units: Sequence[int]) -> SufficientStatistics:
    """Return the statistics of perplexity per unit (such as a word), given each passage's log-probability and units."""
    rows = np.stack([-np.array(log_probabilities, dtype=np.float64), np.array(units, dtype=np.float64)], axis=1)
    return SufficientStatistics(rows, _of_sums)


def _of_sums(sums: Figures) -> float:
    return math.exp(min(float(sums[0] / max(sums[1], 1.0)), _LARGEST_LOSS))


@torch.inference_mode()
def _totals(model: EncoderDecoder, batches: Iterable[Batch]) -> tuple[float, int, int]:
    """Return the summed loss in nats, the number of tokens predicted correctly, and the number of tokens."""
    device = next(model.parameters()).device
    loss, right, tokens = 0.0, 0, 0
    for batch in batches:
        batch = batch.to(device)
        real = padding_mask(batch.target_output)  # (B, T)
        expected = batch.target_output[real]  # (N,)
        logits = model.project(model(batch)[real])  # (N, V): padding is never projected
        loss += cross_entropy(logits.float(), expected, reduction="none").double().sum().item()
        right += int((logits.argmax(dim=-1) == expected).sum())
        tokens += len(expected)
    return loss, right, tokens
