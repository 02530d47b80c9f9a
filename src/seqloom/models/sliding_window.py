"""Sliding window for language models on text longer than their training rows.

B batch, T tokens, P tokens of the window so far, W positions of a window, E embedding width.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqloom.models.base_classes import State
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.encoder_memory import Memory


@dataclass(frozen=True)
class AttentionWindow:
    """Tokens since the window began, START first, and the decoder's state after them."""

    tokens: Tensor  # (B, P)
    state: State

    def reorder(self, rows: Tensor) -> "AttentionWindow":
        """Return the state whose row `i` is row `rows[i]` of this one."""
        return AttentionWindow(self.tokens.index_select(0, rows), self.state.reorder(rows))

    def expand(self, hypotheses: int) -> "AttentionWindow":
        """Return the state with so many adjacent rows in place of each: hypotheses that go on from it."""
        return AttentionWindow(self.tokens.repeat_interleave(hypotheses, 0), self.state.expand(hypotheses))


class WindowedModel(EncoderDecoder):
    """Language model over text of any length, by a decoder with positions that was trained on rows of W tokens.

    Positions and distances beyond the trained ones mean nothing: a Transformer with a perplexity of 1.8 on rows of its
    training length has 9 there (docs/results.md). So where a window is full the next one begins with START and the last
    half of the tokens read. Every token is predicted from at least half a window, as soon as there is so much.
    """

    def __init__(self, plain: EncoderDecoder, window: int) -> None:
        super().__init__(plain.source_embedding, plain.target_embedding, plain.encoder, plain.decoder, plain.output)
        assert window > 1, "a place for START and one for a token"
        self.window = window
        self.kept = min(window // 2, window - 2)  # tokens of a full window that the next begins with

    def start(self, memory: Memory) -> AttentionWindow:
        """Return the state before the first token."""
        return AttentionWindow(
            torch.empty(memory.rows, 0, dtype=torch.long, device=memory.mask.device), self._fresh(memory)
        )

    def run(self, tokens: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Map tokens `(B, T)` to features `(B, T, E)` and the state after the last, window by window."""
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
        """Return the window after a full one, with its first tokens read."""
        first, last = full.tokens[:, :1], full.tokens[:, self.window - self.kept :]
        begun = torch.cat([first, last], dim=1)
        return AttentionWindow(begun, super().run(begun, self._fresh(memory), memory)[1])

    def _fresh(self, memory: Memory) -> State:
        return super().start(memory)
