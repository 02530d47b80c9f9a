"""Additive attention that knows where it looked before.

B batch, T target length, S source length, E embedding width, H decoder width, D memory width, A attention width.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from seqloom.models.contract import State
from seqloom.models.memory import Memory
from seqloom.models.recurrent_cell import RecurrentState
from seqloom.models.recurrent_decoder import AdditiveDecoder


@dataclass(frozen=True)
class CoveredState:
    """The cells' state, and how much each source token was looked at."""

    cells: RecurrentState
    coverage: Tensor  # (B, S) the sum of the weights so far

    def reorder(self, rows: Tensor) -> "CoveredState":
        """Row `i` becomes what row `rows[i]` was."""
        return CoveredState(self.cells.reorder(rows), self.coverage.index_select(0, rows))


class CoveringDecoder(AdditiveDecoder):
    """score(q, k, c) = v · tanh(W q + U k + w c), c being the coverage.  See, Liu and Manning 2017, arXiv:1704.04368.

    Without `covering` it is the additive decoder.
    """

    def __init__(
        self,
        kind: str,
        width: int,
        decoder_width: int,
        layers: int,
        memory_width: int,
        dropout: float,
        covering: bool,
    ) -> None:
        super().__init__(kind, width, decoder_width, layers, memory_width, dropout)
        self.cover = nn.Linear(1, decoder_width, bias=False) if covering else None

    def start(self, memory: Memory) -> CoveredState:
        """From the summary; nothing was looked at."""
        cells = super().start(memory)
        assert isinstance(cells, RecurrentState)
        return CoveredState(cells, memory.states.new_zeros(memory.mask.shape))

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Embedded tokens `(B, T, E)` to features `(B, T, E)`, weights `(B, T, S)` and the state after the last."""
        assert isinstance(state, CoveredState)
        cells, coverage = state.cells, state.coverage
        embedded = self.dropout(embedded)
        outputs, contexts, looks = [], [], []
        for token_gates in self.cells.read_tokens(embedded).unbind(dim=1):  # (B, G H)
            context, weights = self.attention(cells.hidden[-1].unsqueeze(1), self._remind(memory, coverage))
            cells = self.cells.step(token_gates, context.squeeze(1), cells)
            coverage = coverage + weights.squeeze(1)
            outputs.append(cells.hidden[-1].unsqueeze(1))
            contexts.append(context)
            looks.append(weights)
        features = self.read(torch.cat(outputs, dim=1), torch.cat(contexts, dim=1), embedded)
        return features, torch.cat(looks, dim=1), CoveredState(cells, coverage)

    def _remind(self, memory: Memory, coverage: Tensor) -> Memory:
        """The coverage `(B, S)` joins the keys `(B, S, A)`, to which its share is added before the tanh."""
        if self.cover is None:
            return memory
        assert memory.keys is not None
        return replace(memory, keys=memory.keys + self.cover(coverage.unsqueeze(2)))
