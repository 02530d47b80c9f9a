"""Loss, token and time totals since the last log row; checkpoints hold them."""

import math
import time

import torch

from seqloom.training.data_parallel import SingleProcess
from seqloom.training.training_state import TrainingState


class LossMeter:
    """Meter of loss, tokens and time since the last log row.

    Losses stay on the device until they are needed: reading each would make a GPU wait for the CPU at every step.
    """

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, torch.Tensor]] = []  # step, tokens and their mean loss
        self._since = 0.0

    def begin(self) -> None:
        """Start the clock."""
        self._since = time.monotonic()

    def add(self, step: int, tokens: int, loss: torch.Tensor) -> None:
        """Add the mean loss of some tokens, on any device."""
        self._waiting.append((step, tokens, loss))

    def settle(self, position: TrainingState, group: SingleProcess) -> int | None:
        """Add the totals of all processes to `position`; return the first step whose loss is not finite, or None."""
        losses = torch.stack([loss for *_, loss in self._waiting]).tolist() if self._waiting else []
        pairs = list(zip(self._waiting, losses, strict=True))
        sums = (_exactly(loss * tokens) for (_, tokens, _), loss in pairs)
        total, tokens = group.totals(sum(sums), sum(tokens for (_, tokens, _), _ in pairs))
        position.loss += total
        position.tokens += int(tokens)
        now = time.monotonic()
        position.seconds += now - self._since
        self._since = now
        self._waiting = []
        if math.isfinite(total):
            return None
        return next((step for (step, *_), loss in pairs if not math.isfinite(loss)), position.step)


def _exactly(value: float) -> float:
    """Round a loss to a multiple of 2 to the -20: such numbers have the same sum in any order."""
    return math.ldexp(round(math.ldexp(value, 20)), -20) if math.isfinite(value) else value
