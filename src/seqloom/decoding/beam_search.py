"""Beam search over a whole batch at once.

B batch, K beam size, V target vocabulary, N = B K rows: the hypotheses of a source stand in K rows next to each other.
"""

import math

import torch
from torch import Tensor

from seqloom.decoding.hypothesis import Hypothesis, force_prefix, limits_of, log_probabilities, should_compact
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.memory import Memory
from seqloom.vocabulary.special_tokens import END, PADDING, START


@torch.inference_mode()
def beam_search(
    model: EncoderDecoder, memory: Memory, prompt: Tensor, beam_size: int, limits: Tensor | int, length_penalty: float
) -> list[list[Hypothesis]]:
    """The `beam_size` best answers to each row of memory, best first, of at most `limits` tokens, a number or `(B,)`.

    Hypotheses are compared by log-probability divided by length ** length_penalty (Wu et al. 2016 divide likewise). A
    finished one keeps its place and its score until better ones push it out; the search ends when all K are finished.
    There are fewer than K where so few are possible. The prompt `(B, P)` is what the answers go on from.
    """
    memory = memory.repeat(beam_size)
    state = model.start(memory)
    limits = limits_of(limits, prompt).repeat_interleave(beam_size)  # (N,)
    prompt = prompt.repeat_interleave(beam_size, dim=0)  # (N, P)
    beams = _Beams(beam_size, limits, length_penalty, prompt)
    answers: dict[int, list[Hypothesis]] = {}
    for place in range(int(beams.ends.max())):
        logits, state = model.step(beams.last, state, memory)
        rows = beams.extend(force_prefix(prompt, place, log_probabilities(logits)), place + 1)
        writing = ~beams.finished.all(dim=1)
        if not writing.any():
            break
        if should_compact(int(writing.sum()), len(writing)):
            answers |= beams.answers(~writing)
            kept = beams.keep(writing)
            rows, prompt, memory = rows[kept], prompt[kept], memory.part(kept)
        state = state.reorder(rows)
    answers |= beams.answers(~writing)  # all that are left
    return [answers[source] for source in range(len(answers))]


class _Beams:
    """The K hypotheses of each source, as tensors of B × K."""

    def __init__(self, size: int, limits: Tensor, length_penalty: float, prompt: Tensor) -> None:
        device, batch = prompt.device, len(prompt) // size
        self.size, self.length_penalty = size, length_penalty
        self.sources = torch.arange(batch, device=device)  # whose they are
        self.prompted = (prompt != PADDING).sum(dim=1).view(batch, size)  # tokens that were given
        self.ends = self.prompted + limits.view(batch, size)  # places, those of the prompt among them
        self.total = torch.full((batch, size), -torch.inf, device=device)  # log-probability
        self.total[:, 0] = 0.0  # all K begin alike: one of them is enough
        self.length = torch.zeros(batch, size, device=device)  # tokens, END included
        self.finished = torch.zeros(batch, size, dtype=torch.bool, device=device)
        self.last = torch.full((batch * size,), START, device=device)  # (N,)
        self.tokens = torch.empty(batch * size, 0, dtype=torch.long, device=device)  # (N, T)

    def extend(self, scores: Tensor, length: int) -> Tensor:
        """Add the best continuations, given log-probabilities `(N, V)`; return the rows they continue, `(N,)`."""
        batch, vocabulary = len(self.sources), scores.shape[1]
        scores = scores.view(batch, self.size, vocabulary)
        scores = scores.masked_fill(self.finished.unsqueeze(2), -torch.inf)
        scores[:, :, PADDING] = torch.where(self.finished, 0.0, scores[:, :, PADDING])  # finished ones wait
        totals = self.total.unsqueeze(2) + scores  # (B, K, V)
        written = length - self.prompted
        lengths = torch.where(self.finished, self.length, written.clamp_min(1).float())
        ranked = totals / lengths.unsqueeze(2) ** self.length_penalty
        best = ranked.view(batch, -1).topk(self.size, dim=1).indices  # (B, K), best first
        beam, token = best // vocabulary, best % vocabulary
        self.total = totals.view(batch, -1).gather(1, best)
        self.length = lengths.gather(1, beam)
        self.finished = self.finished.gather(1, beam) | (token == END) | (length >= self.ends)
        self.finished |= self.total == -torch.inf  # there were not so many to choose from
        rows = (torch.arange(batch, device=beam.device).unsqueeze(1) * self.size + beam).view(-1)
        self.last = token.view(-1)
        self.tokens = torch.cat([self.tokens[rows], self.last.unsqueeze(1)], dim=1)
        return rows

    def keep(self, writing: Tensor) -> Tensor:
        """Go on with the sources that are True in `(B,)` alone; return their rows, of the N that there were."""
        self.sources, self.finished = self.sources[writing], self.finished[writing]
        self.prompted, self.ends = self.prompted[writing], self.ends[writing]
        self.total, self.length = self.total[writing], self.length[writing]
        kept = writing.repeat_interleave(self.size).nonzero().squeeze(1)
        self.last, self.tokens = self.last[kept], self.tokens[kept]
        return kept

    def answers(self, chosen: Tensor) -> dict[int, list[Hypothesis]]:
        """The hypotheses of the sources that are True in `(B,)` as they stand, best first, by source."""
        scores = self.total / self.length**self.length_penalty
        tokens = self.tokens.view(*scores.shape, -1)
        columns = (part[chosen].tolist() for part in (self.sources, tokens, self.prompted, scores))
        return {
            source: [Hypothesis.of_row(*row) for row in zip(*hypotheses, strict=True) if row[-1] != -math.inf]
            for source, *hypotheses in zip(*columns, strict=True)
        }
