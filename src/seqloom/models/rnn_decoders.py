"""Recurrent decoders: fixed vector, additive and multiplicative attention, input feeding, coverage, language model.

B batch, T target length, S source length, E embedding width, H decoder width, D memory width, A attention width,
L layers.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from seqloom.models.attention import AdditiveAttention, MultiplicativeAttention
from seqloom.models.base_classes import AttentiveDecoder, Decoder, State
from seqloom.models.dropout import Dropout
from seqloom.models.encoder_memory import Memory
from seqloom.models.rnn_cells import RecurrentCells, RecurrentState, StepwiseCells, first_state


class RecurrentDecoder(Decoder):
    """Base of recurrent decoders with a source: initial state from the summary, and readout at the embedding width."""

    def __init__(
        self,
        kind: str,
        layers: int,
        decoder_width: int,
        memory_width: int,
        read_width: int,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.kind, self.layers = kind, layers
        self.bridge = nn.Linear(memory_width, layers * decoder_width)
        self.readout = nn.Linear(read_width, width)
        self.dropout = Dropout(dropout)

    def start(self, memory: Memory) -> State:
        """Return tanh(W summary) in every layer, as Bahdanau et al. 2015."""
        hidden = memory.for_rows(torch.tanh(self.bridge(memory.summary)))  # (N, L H)
        return first_state(self.kind, hidden.view(len(hidden), self.layers, -1).transpose(0, 1).contiguous())

    def read(self, *parts: Tensor) -> Tensor:
        """Return the features `(B, T, E)` for the logits: deep output (Pascanu et al. 2014)."""
        features: Tensor = self.dropout(torch.tanh(self.readout(torch.cat(parts, dim=2))))
        return features


class FixedVectorDecoder(RecurrentDecoder):
    """Decoder without attention; every step reads the fixed-length vector.  Cho et al. 2014, arXiv:1406.1078."""

    writes_from_summary = True

    def __init__(
        self, kind: str, width: int, decoder_width: int, layers: int, memory_width: int, dropout: float
    ) -> None:
        super().__init__(
            kind, layers, decoder_width, memory_width, decoder_width + memory_width + width, width, dropout
        )
        self.cells = RecurrentCells(kind, width + memory_width, decoder_width, layers, dropout)

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Map embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""
        assert isinstance(state, RecurrentState)
        embedded = self.dropout(embedded)
        summary = memory.for_rows(memory.summary).unsqueeze(1).expand(-1, embedded.shape[1], -1)
        outputs, state = self.cells(torch.cat([embedded, summary], dim=2), state)
        return self.read(outputs, summary, embedded), state


class AdditiveDecoder(RecurrentDecoder, AttentiveDecoder):
    """Decoder with additive attention, queried by the state before a token.  Bahdanau et al. 2015, arXiv:1409.0473."""

    def __init__(
        self, kind: str, width: int, decoder_width: int, layers: int, memory_width: int, dropout: float
    ) -> None:
        super().__init__(
            kind, layers, decoder_width, memory_width, decoder_width + memory_width + width, width, dropout
        )
        self.cells = StepwiseCells(kind, width, memory_width, decoder_width, layers, dropout)
        self.attention = AdditiveAttention(decoder_width, memory_width, decoder_width)

    def prepare(self, memory: Memory) -> Memory:
        """Add the keys of the attention to the memory."""
        return self.attention.prepare(memory)

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Map embedded tokens `(B, T, E)` to features `(B, T, E)`, weights `(B, T, S)` and the state after the last."""
        assert isinstance(state, RecurrentState)
        return self.unroll(embedded, state, lambda query: self.attention(query, memory))

    def unroll(
        self, embedded: Tensor, state: RecurrentState, attention: Callable[[Tensor], tuple[Tensor, Tensor]]
    ) -> tuple[Tensor, Tensor, RecurrentState]:
        """Run token by token: `attention` maps a query `(B, 1, H)` to its context `(B, 1, D)` and weights `(B, 1, S)`.

        Return the features `(B, T, E)`, weights `(B, T, S)` and the state after the last token.
        """
        embedded = self.dropout(embedded)
        outputs, contexts, attention_weights = [], [], []
        for token_gates in self.cells.read_tokens(embedded).unbind(dim=1):  # (B, G H)
            context, weights = attention(state.hidden[-1].unsqueeze(1))
            state = self.cells.step(token_gates, context.squeeze(1), state)
            outputs.append(state.hidden[-1].unsqueeze(1))
            contexts.append(context)
            attention_weights.append(weights)
        features = self.read(torch.cat(outputs, dim=1), torch.cat(contexts, dim=1), embedded)
        return features, torch.cat(attention_weights, dim=1), state


class MultiplicativeDecoder(RecurrentDecoder, AttentiveDecoder):
    """Decoder with multiplicative attention, queried by the state after a token.  Luong et al. 2015, arXiv:1508.04025.

    The cells do not read the contexts, so the whole target runs at once.
    """

    def __init__(
        self, kind: str, width: int, decoder_width: int, layers: int, memory_width: int, dropout: float
    ) -> None:
        super().__init__(kind, layers, decoder_width, memory_width, decoder_width + memory_width, width, dropout)
        self.cells = RecurrentCells(kind, width, decoder_width, layers, dropout)
        self.attention = MultiplicativeAttention(decoder_width, memory_width)

    def prepare(self, memory: Memory) -> Memory:
        """Add the keys of the attention to the memory."""
        return self.attention.prepare(memory)

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Map embedded tokens `(B, T, E)` to features `(B, T, E)`, weights `(B, T, S)` and the state after the last."""
        assert isinstance(state, RecurrentState)
        outputs, state = self.cells(self.dropout(embedded), state)
        context, weights = self.attention(outputs, memory)
        return self.read(outputs, context), weights, state


class LanguageDecoder(Decoder):
    """Recurrent language model.  Mikolov et al. 2010, "Recurrent neural network based language model"."""

    def __init__(self, kind: str, width: int, decoder_width: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.cells = RecurrentCells(kind, width, decoder_width, layers, dropout)
        self.readout = nn.Linear(decoder_width, width)
        self.dropout = Dropout(dropout)

    def start(self, memory: Memory) -> RecurrentState:
        """Return a state of zeros."""
        nothing = memory.states.new_zeros(self.cells.layers, memory.rows, self.cells.width)
        return first_state(self.cells.kind, nothing)

    def run(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:  # noqa: ARG002 it sees none
        """Map embedded tokens `(B, T, E)` to features `(B, T, E)` and the state after the last."""
        assert isinstance(state, RecurrentState)
        embedded = self.dropout(embedded)
        outputs, state = self.cells(embedded, state)
        features: Tensor = self.readout(self.dropout(outputs))
        return features, state


@dataclass(frozen=True)
class InputFeedingState:
    """State of the cells, and the attentional vector that enters the next step."""

    cells: RecurrentState
    fed: Tensor  # (B, E) the attentional vector of the last token; zeros before the first

    def reorder(self, rows: Tensor) -> "InputFeedingState":
        """Return the state whose row `i` is row `rows[i]` of this one."""
        return InputFeedingState(self.cells.reorder(rows), self.fed.index_select(0, rows))

    def expand(self, hypotheses: int) -> "InputFeedingState":
        """Return the state with so many adjacent rows in place of each: hypotheses that go on from it."""
        return InputFeedingState(self.cells.expand(hypotheses), self.fed.repeat_interleave(hypotheses, 0))


class InputFeedingDecoder(RecurrentDecoder, AttentiveDecoder):
    """Decoder with input feeding of the attentional vector.  Luong et al. 2015 (3.3), arXiv:1508.04025."""

    def __init__(
        self, kind: str, width: int, decoder_width: int, layers: int, memory_width: int, dropout: float
    ) -> None:
        super().__init__(kind, layers, decoder_width, memory_width, decoder_width + memory_width, width, dropout)
        self.cells = StepwiseCells(kind, width, width, decoder_width, layers, dropout)
        self.attention = MultiplicativeAttention(decoder_width, memory_width)

    def prepare(self, memory: Memory) -> Memory:
        """Add the keys of the attention to the memory."""
        return self.attention.prepare(memory)

    def start(self, memory: Memory) -> InputFeedingState:
        """Return the state from the summary, with an attentional vector of zeros."""
        cells = super().start(memory)
        assert isinstance(cells, RecurrentState)
        return InputFeedingState(cells, memory.states.new_zeros(memory.rows, self.readout.out_features))

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Map embedded tokens `(B, T, E)` to features `(B, T, E)`, weights `(B, T, S)` and the state after the last."""
        assert isinstance(state, InputFeedingState)
        cells, fed = state.cells, state.fed
        vectors, attention_weights = [], []
        for token_gates in self.cells.read_tokens(self.dropout(embedded)).unbind(dim=1):  # (B, G H)
            cells = self.cells.step(token_gates, fed, cells)
            output = cells.hidden[-1].unsqueeze(1)
            context, weights = self.attention(output, memory)
            vectors.append(torch.tanh(self.readout(torch.cat([output, context], dim=2))))  # (B, 1, E)
            attention_weights.append(weights)
            fed = vectors[-1].squeeze(1)
        features: Tensor = self.dropout(torch.cat(vectors, dim=1))
        return features, torch.cat(attention_weights, dim=1), InputFeedingState(cells, fed)


@dataclass(frozen=True)
class CoverageState:
    """State of the cells, and the coverage of the source."""

    cells: RecurrentState
    coverage: Tensor  # (B, S) the sum of the weights so far

    def reorder(self, rows: Tensor) -> "CoverageState":
        """Return the state whose row `i` is row `rows[i]` of this one."""
        return CoverageState(self.cells.reorder(rows), self.coverage.index_select(0, rows))

    def expand(self, hypotheses: int) -> "CoverageState":
        """Return the state with so many adjacent rows in place of each: hypotheses that go on from it."""
        return CoverageState(self.cells.expand(hypotheses), self.coverage.repeat_interleave(hypotheses, 0))


class CoverageDecoder(AdditiveDecoder):
    """Additive attention with coverage.  See, Liu and Manning 2017, arXiv:1704.04368.

    score(q, k, c) = v · tanh(W q + U k + w c), c being the coverage: the sum of the weights of earlier steps. Without
    `covering` it is the additive decoder.
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

    def start(self, memory: Memory) -> CoverageState:
        """Return the state from the summary, with a coverage of zero."""
        cells = super().start(memory)
        assert isinstance(cells, RecurrentState)
        return CoverageState(cells, memory.states.new_zeros(memory.rows, memory.mask.shape[1]))

    def attend(self, embedded: Tensor, state: State, memory: Memory) -> tuple[Tensor, Tensor, State]:
        """Map embedded tokens `(B, T, E)` to features `(B, T, E)`, weights `(B, T, S)` and the state after the last."""
        assert isinstance(state, CoverageState)
        coverage = state.coverage

        def attention(query: Tensor) -> tuple[Tensor, Tensor]:
            nonlocal coverage
            context, weights = self.attention(query, self._add_coverage(memory, coverage))
            coverage = coverage + weights.squeeze(1)
            return context, weights

        features, weights, cells = self.unroll(embedded, state.cells, attention)
        return features, weights, CoverageState(cells, coverage)

    def _add_coverage(self, memory: Memory, coverage: Tensor) -> Memory:
        """Add the coverage `(N, S)`, times its weights, to the keys, which the tanh is taken of: `(N, S, A)`."""
        if self.cover is None:
            return memory
        rows = memory.repeat(memory.hypotheses).shared(1)  # each row has a coverage, and so keys, of its own
        assert rows.keys is not None
        return replace(rows, keys=rows.keys + self.cover(coverage.unsqueeze(2)))
