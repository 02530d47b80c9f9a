"""Gradients of a private training: those of each row are clipped, and their sum is noised (DP-SGD, Abadi et al. 2016).

Each row goes through the model alone, so its gradient is its own in every architecture, fused recurrent cells and tied
embeddings too; Opacus has its gradients of all rows at once for some layers alone. The loss of a row is the mean over
its tokens, so that a long row counts no more than a short one. The sum is divided by the expected number of rows, since
the true one would tell something of the sample. Losses are not returned: this sum alone tells of the rows.
"""

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from seqloom.models.dropout import NOISE as DROPOUT_NOISE
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.training.data_parallel import SingleProcess
from seqloom.training.gradient_accumulation import Gradients
from seqloom.training.precision import precision_context
from seqloom.training.privacy_accountant import PrivacyLoss
from seqloom.training.private_updates import DROPOUT, NOISE, NoiseKey
from seqloom.training.update_batches import Update

if TYPE_CHECKING:
    from seqloom.recipe.schema import TrainingSection


class PrivateGradients(Gradients):
    """Noised mean of the clipped gradients of rows."""

    def __init__(
        self,
        model: EncoderDecoder,
        section: "TrainingSection",
        device: torch.device,
        planned: PrivacyLoss,
        key: NoiseKey,
    ) -> None:
        super().__init__(model, section, device, SingleProcess())
        self.planned = planned
        self.key = key
        self.parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        for embedding in (model.source_embedding, model.target_embedding):
            embedding.sparse = True  # the gradient of a row has as many vectors as the row has tokens

    def add_up(self, update: Update, step: int) -> list[Tensor]:
        """Set every parameter's gradient; return no loss."""
        sums = self.clipped_sum(update, step)
        random = self.key.random(step, NOISE)
        deviation = self.planned.noise_multiplier * self.planned.gradient_norm
        expected = self.planned.rows * self.planned.sample_rate
        for parameter, total in zip(self.parameters, sums, strict=True):
            noise = torch.from_numpy(random.standard_normal(total.shape, dtype="float32"))
            parameter.grad = total.add_(noise.to(self.device), alpha=deviation).div_(expected)
        return []

    def clipped_sum(self, update: Update, step: int) -> list[Tensor]:
        """Return the sum over the rows of their gradients, each clipped to the bound, by parameter.

        What dropout hides in a row depends on how many rows came before: only if nobody knows it is a row that is
        added or left out a change of its own gradient alone. So it follows from the key as well.
        """
        sums = [torch.zeros_like(parameter) for parameter in self.parameters]
        seed = int(self.key.random(step, DROPOUT).integers(2**63))
        torch.manual_seed(seed)
        DROPOUT_NOISE.restart(seed)
        for row in update.batches:
            self._clear()
            with precision_context(self.device, self.section.precision):
                loss = self.plain(row)
            loss.backward()
            self._add_clipped(sums)
        self._clear()
        return sums

    def _add_clipped(self, sums: list[Tensor]) -> None:
        """Add the gradient of a row; one that is not finite, and so has no bound, counts as none."""
        pairs = [(sums[i], each.grad) for i, each in enumerate(self.parameters) if each.grad is not None]
        dense = [(total, gradient) for total, gradient in pairs if not gradient.is_sparse]
        sparse = [(total, gradient.coalesce()) for total, gradient in pairs if gradient.is_sparse]
        values = [gradient for _, gradient in dense] + [gradient.values() for _, gradient in sparse]
        norm = float(torch.stack(torch._foreach_norm(values)).norm()) if values else 0.0
        if not math.isfinite(norm):
            return
        share = min(1.0, self.planned.gradient_norm / (norm + 1e-6))
        if dense:
            totals, gradients = map(list, zip(*dense, strict=True))
            torch._foreach_add_(totals, gradients, alpha=share)
        for total, gradient in sparse:
            total.add_(gradient, alpha=share)

    def _clear(self) -> None:
        for parameter in self.parameters:
            parameter.grad = None
