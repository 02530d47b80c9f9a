"""Gradient accumulation: the gradients of one update over several batches, as if they were one."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from seqloom.dataset.padded_batch import Batch
from seqloom.models.dropout import NOISE
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.training.data_parallel import SingleProcess
from seqloom.training.precision import precision_context
from seqloom.training.update_batches import Update

if TYPE_CHECKING:
    from seqloom.recipe.schema import TrainingSection


class SummedLoss(nn.Module):
    """Model and loss as one module, so that DistributedDataParallel sees the whole computation."""

    def __init__(self, model: EncoderDecoder, label_smoothing: float) -> None:
        super().__init__()
        self.model = model
        self.label_smoothing = label_smoothing

    def forward(self, batch: Batch) -> Tensor:
        """Return the mean loss per token, in nats."""
        return self.model.loss(batch, self.label_smoothing)


class Gradients:
    """Gradients of the mean loss over all tokens of an update, however it is cut into batches.

    The random numbers of each batch follow from seed, step and process: no random state has to be saved.
    """

    def __init__(
        self, model: EncoderDecoder, section: "TrainingSection", device: torch.device, group: SingleProcess
    ) -> None:
        self.plain = SummedLoss(model, section.label_smoothing)
        self.loss = group.wrap(self.plain)
        self.section = section
        self.device = device
        self.group = group

    def add_up(self, update: Update, step: int) -> list[Tensor]:
        """Set every parameter's gradient; return the mean loss of each batch, on the device."""
        [total] = self.group.totals(sum(update.tokens))
        losses = []
        for number, (batch, tokens) in enumerate(zip(update.batches, update.tokens, strict=True)):
            seed = self._seed(step, number)
            torch.manual_seed(seed)
            NOISE.restart(seed)
            last = number + 1 == len(update.batches)
            with self._exchanging(last), precision_context(self.device, self.section.precision):
                loss = self.loss(batch)
            with self._exchanging(last):
                (loss * (tokens * self.group.size / total)).backward()  # processes are averaged, so each counts `size`
            losses.append(loss.detach())
        return losses

    def alone(self, batch: Batch) -> Tensor:
        """Return the mean loss of a batch, without the other processes."""
        with precision_context(self.device, self.section.precision):
            loss: Tensor = self.plain(batch)
        return loss

    def _seed(self, step: int, number: int) -> int:
        sequence = np.random.SeedSequence((self.section.seed, step, number, self.group.rank))
        return int(sequence.generate_state(1, np.uint64)[0])

    def _exchanging(self, last: bool) -> AbstractContextManager[None]:
        """Return a context that exchanges gradients between processes with the last batch of an update alone."""
        if last or not isinstance(self.loss, DistributedDataParallel):
            return nullcontext()
        return self.loss.no_sync()
