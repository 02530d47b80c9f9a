"""Trainings in turns: the contenders' side of the protocol.

All contenders of a race are alive at once and one computes at a time, a few seconds each, round after round: what else
the machine does meets all of them alike, and nobody starts up twice. A contender says on its stdout, a JSON object a
line, first what it is and after every turn the updates it made; a line on its stdin is its next turn, the end of stdin
is the end. Only the standard library and torch are needed here, for this runs in the peers' environments too.
"""

import json
import os
import sys
import time
from collections import deque
from typing import Any, TextIO

from torch.optim.optimizer import register_optimizer_step_post_hook


class Turns:
    """Counts and times the updates of the training in this process, and halts it between turns.

    An update ends with the optimizer's step. The target tokens of a batch are those the loss is computed on: the end
    of a sentence among them, its start and padding not.
    """

    def __init__(self, warm_up: int) -> None:
        self._stdout = take_stdout()
        self._tokens: deque[int] = deque()  # of the batches that are drawn and not yet learned from
        self._left = warm_up
        self._until = 0.0
        self._updates: list[tuple[int, float]] = []  # tokens and seconds of each in this turn
        self._parameters = 0
        self._interrupted = True
        self._last = time.perf_counter()
        register_optimizer_step_post_hook(self.updated)

    def drawn(self, tokens: int) -> None:
        """Record that a batch of `tokens` target tokens was drawn."""
        self._tokens.append(tokens)

    def interrupted(self) -> None:
        """Discard the current update, after something other than training, such as a validation."""
        self._interrupted = True

    def updated(self, optimizer: Any, *_: object) -> None:
        """Record the end of an update; torch calls it after each step of an optimizer."""
        now = time.perf_counter()
        tokens = self._tokens.popleft()
        if not self._parameters:
            self._parameters = sum(weight.numel() for group in optimizer.param_groups for weight in group["params"])
        if not self._interrupted:
            self._updates.append((tokens, now - self._last))
        self._interrupted = False
        self._left -= 1
        if self._left <= 0 and now >= self._until:
            self._end_turn()
        self._last = time.perf_counter()

    def _end_turn(self) -> None:
        self._say({"parameters": self._parameters, "updates": self._updates})
        line = sys.stdin.readline()
        if not line:
            os._exit(0)  # without a last checkpoint: the training is not needed
        turn = json.loads(line)
        self._updates = []
        self._left = turn["least"]
        self._until = time.perf_counter() + turn["seconds"]
        self._interrupted = True  # the first update finds cold caches

    def _say(self, message: dict[str, Any]) -> None:
        print(json.dumps(message), file=self._stdout, flush=True)


def take_stdout() -> TextIO:
    """Return stdout for the parent process alone; redirect what the training prints to stderr."""
    stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return stdout
