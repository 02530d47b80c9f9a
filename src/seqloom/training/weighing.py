"""How much a network and the linear model beside it count, by what the validation rows say."""

from collections.abc import Iterable

import torch

from seqloom.batches.batch import Batch
from seqloom.models.wide_classifier import WideClassifier, loss_over_labels
from seqloom.training.minimising import minimise

USUAL_SHARES = (0.5, 1.0)  # a network is about twice as sure of itself as it should be (Guo et al. 2017)
SPREAD = 0.5  # of shares around the usual ones, as far as is known without any row


def weigh(model: WideClassifier, validation: Iterable[Batch], device: torch.device) -> None:
    """Set the shares of least cross-entropy, near the usual ones where there are few rows.

    To be done when the network has learned: judged with company from the start, its epochs would look alike, and an
    early one be kept.
    """
    model.eval()
    with torch.no_grad():
        parts = [
            (model.network(batch), model.beside(batch.source), batch.target_output.squeeze(1))
            for batch in (batch.to(device) for batch in validation)
        ]
    network, beside, labels = (torch.cat(part) for part in zip(*parts, strict=True))
    usual = torch.tensor(USUAL_SHARES, device=device)
    model.shares = usual.clone().requires_grad_()

    def loss() -> torch.Tensor:
        surprise = (model.shares - usual).square().sum() / (2 * SPREAD**2)
        return loss_over_labels(model.together(network, beside), labels) + surprise / len(labels)

    minimise(loss, [model.shares])
    model.shares = model.shares.detach()
