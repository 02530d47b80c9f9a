"""Ensemble: several models with one target vocabulary, whose probabilities are averaged at every token.

B batch, S source length, T target length, V target vocabulary.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqloom.dataset.padded_batch import Batch
from seqloom.dataset.padded_frames import PaddedFrames
from seqloom.models.base_classes import State
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.encoder_memory import Memory


@dataclass(frozen=True)
class EnsembleMemory(Memory):
    """The memory of each member; what the memory itself holds is that of the first."""

    members: tuple[Memory, ...] = ()

    @classmethod
    def of(cls, members: Sequence[Memory]) -> "EnsembleMemory":
        """Return the memory of these members."""
        first = members[0]
        return cls(first.states, first.mask, first.summary, hypotheses=first.hypotheses, members=tuple(members))

    def shared(self, hypotheses: int) -> "EnsembleMemory":
        """Return the memory for so many adjacent rows of a decoder for each source, without a copy."""
        return self.of([each.shared(hypotheses) for each in self.members])

    def _each(self, change: Callable[[Tensor], Tensor]) -> "EnsembleMemory":
        return self.of([each._each(change) for each in self.members])


@dataclass(frozen=True)
class EnsembleState:
    """The state of each member."""

    members: tuple[State, ...]

    def reorder(self, rows: Tensor) -> "EnsembleState":
        """Return the state whose row `i` is row `rows[i]` of this one."""
        return EnsembleState(tuple(each.reorder(rows) for each in self.members))

    def expand(self, hypotheses: int) -> "EnsembleState":
        """Return the state with so many adjacent rows in place of each: hypotheses that go on from it."""
        return EnsembleState(tuple(each.expand(hypotheses) for each in self.members))


class Ensemble(EncoderDecoder):
    """Models of any architecture; its features are logits already."""

    def __init__(self, members: Sequence[EncoderDecoder]) -> None:
        first = members[0]
        super().__init__(first.source_embedding, first.target_embedding, first.encoder, first.decoder, first.output)
        self.frame_projection = first.frame_projection
        self.members = nn.ModuleList(members)
        self.eval()

    def encode(self, source: Tensor, frames: PaddedFrames | None = None) -> Memory:
        """Encode source ids `(B, S)` by every member."""
        return EnsembleMemory.of([each.encode(source, frames) for each in self._models])

    def start(self, memory: Memory) -> State:
        """Return the states before the first token."""
        assert isinstance(memory, EnsembleMemory), "it is of this model"
        return EnsembleState(tuple(each.start(read) for each, read in zip(self._models, memory.members, strict=True)))

    def step(self, token: Tensor, state: State, memory: Memory) -> tuple[Tensor, State]:
        """Map the last token of each row `(B,)` to the logits of the next `(B, V)` and the states after it."""
        assert isinstance(memory, EnsembleMemory), "it is of this model"
        assert isinstance(state, EnsembleState), "likewise"
        parts = [
            member.step(token, own, read)
            for member, own, read in zip(self._models, state.members, memory.members, strict=True)
        ]
        return averaged([logits for logits, _ in parts]), EnsembleState(tuple(after for _, after in parts))

    def advance(self, tokens: Tensor, state: State, memory: Memory) -> State:
        """Return the states after known tokens `(B, T)`."""
        assert isinstance(memory, EnsembleMemory), "it is of this model"
        assert isinstance(state, EnsembleState), "likewise"
        members = zip(self._models, state.members, memory.members, strict=True)
        return EnsembleState(tuple(member.advance(tokens, own, read) for member, own, read in members))

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits `(B, T, V)` of the whole target, by teacher forcing."""
        return averaged([each.project(each(batch)) for each in self._models])

    def project(self, hidden: Tensor) -> Tensor:
        """Return logits `(…, V)` as they are."""
        return hidden

    @property
    def _models(self) -> list[EncoderDecoder]:
        return [each for each in self.members if isinstance(each, EncoderDecoder)]


def averaged(logits: Sequence[Tensor]) -> Tensor:
    """Return logits `(…, V)` of the mean of the probabilities that each tensor of logits stands for.

    Their offset is the mean of the members', which a repetition penalty looks at: an ensemble of one model with itself
    has that model's logits.
    """
    totals = torch.stack([each.float().logsumexp(dim=-1, keepdim=True) for each in logits])
    shares = torch.stack([each.float() - total for each, total in zip(logits, totals, strict=True)])
    return shares.logsumexp(dim=0) - math.log(len(logits)) + totals.mean(dim=0)
