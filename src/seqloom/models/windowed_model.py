"""A language model that never reads beyond the places it has learned from.

B batch, T tokens, P tokens of the window so far, W places of a window, E embedding width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqloom.models.base import State
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.memory import Memory


@dataclass(frozen=True)
class AttentionWindow:
    """What was read since a window began, START first, and the decoder's state after it."""

    tokens: Tensor  # (B, P)
    state: State

    def reorder(self, rows: Tensor) -> "AttentionWindow":
        """Row `i` becomes what row `rows[i]` was."""
        return AttentionWindow(self.tokens.index_select(0, rows), self.state.reorder(rows))


class WindowedModel(EncoderDecoder):
    """Text of any length, by a decoder that learned from rows of W tokens and knows places.

    Behind the last place that was trained neither positions nor distances mean anything: a Transformer that foresees
    the rows it learned from with a perplexity of 1.8 has 9 there (docs/results.md). So where a window is full the next
    begins: START, the last half of what was read, and on from there. Every token is foreseen from at least half a
    window, as soon as there is so much.
    """

    def __init__(self, plain: EncoderDecoder, window: int) -> None:
        super().__init__(plain.source_embedding, plain.target_embedding, plain.encoder, plain.decoder, plain.output)
        assert window > 1, "a place for START and one for a token"
        self.window = window
        self.kept = min(window // 2, window - 2)  # tokens of a full window that the next begins with

    def start(self, memory: Memory) -> AttentionWindow:
        """The state before the first token."""
        return AttentionWindow(
            torch.empty(len(memory.mask), 0, dtype=torch.long, device=memory.mask.device), self._fresh(memory)
        )

    def run(self, tokens: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Tokens `(B, T)` to features `(B, T, E)` and the state after the last, window after window."""
        assert isinstance(state, AttentionWindow)
        features = []
        while True:
            read, tokens = tokens.tensor_split([self.window - state.tokens.shape[1]], dim=1)
            made, inner = super().run(read, state.state, memory)
            features.append(made)
            state = AttentionWindow(torch.cat([state.tokens, read], dim=1), inner)
            if not tokens.shape[1]:
                return (features[0] if len(features) == 1 else torch.cat(features, dim=1)), state
            state = self._next(state, memory)

    def _next(self, full: AttentionWindow, memory: Memory) -> AttentionWindow:
        """The window behind a full one, with what it begins with read."""
        first, last = full.tokens[:, :1], full.tokens[:, self.window - self.kept :]
        begun = torch.cat([first, last], dim=1)
        return AttentionWindow(begun, super().run(begun, self._fresh(memory), memory)[1])

    def _fresh(self, memory: Memory) -> State:
        return super().start(memory)
