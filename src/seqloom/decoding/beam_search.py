"""Beam search over a batch.

B batch, K beam size, P prompt length, T tokens so far, V target vocabulary, N = B K rows: the K hypotheses of a source
are adjacent rows.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from seqloom.decoding.diverse_beam import ONE_GROUP, Diversity, merged
from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.lexical_constraints import ConstrainedBeams, Constraint
from seqloom.decoding.logits_processors import PLAIN, LogitsProcessors
from seqloom.decoding.search_constraints import force_prefix, limits_of
from seqloom.decoding.search_scores import log_probabilities, penalized, should_compact, top_tokens
from seqloom.models.base_classes import State
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.encoder_memory import Memory
from seqloom.vocabulary.special_tokens import END, PADDING, START


@torch.inference_mode()
def beam_search(
    model: EncoderDecoder,
    memory: Memory,
    prompt: Tensor,
    beam_size: int,
    limits: Tensor | int,
    length_penalty: float,
    processors: LogitsProcessors = PLAIN,
    constraints: Sequence[Sequence[Constraint]] = (),
    diversity: Diversity = ONE_GROUP,
) -> list[list[Hypothesis]]:
    """Return the `beam_size` best answers to each row of memory, best first.

    Hypotheses are ranked by log-probability divided by length ** length_penalty (length normalization as in Wu et al.
    2016). A finished one stays in the beam with its score until better ones push it out; the search ends when all K are
    finished. There are fewer than K if so few are possible.

    Args:
        memory: of B encoded sources.
        prompt: tokens that each answer continues, `(B, P)`, padded.
        limits: most tokens of an answer, END among them, a number or `(B,)`.
        constraints: phrases that the answers to each source have to contain; complete answers come first.
        diversity: groups of the beam, which look for different answers; not beside constraints.
    """
    limits = limits_of(limits, prompt).repeat_interleave(beam_size)  # (N,)
    constrained = ConstrainedBeams(constraints, beam_size) if any(constraints) else None
    # the shortest prompt's tokens are read at once; constraints may be met by a prompt's, and look at each
    common = 0 if constrained else int((prompt != PADDING).sum(dim=1).min())
    logits, state = _first_step(model, memory, prompt[:, :common])
    logits, state, memory = logits.repeat_interleave(beam_size, 0), state.expand(beam_size), memory.shared(beam_size)
    prompt = prompt.repeat_interleave(beam_size, dim=0)  # (N, P)
    beams = _Beams(beam_size, limits, length_penalty, prompt, common, constrained, diversity)
    answers: dict[int, list[Hypothesis]] = {}
    for position in range(common, int(beams.ends.max())):
        prompted = beams.prompted.view(-1)
        scores = log_probabilities(processors.penalize(logits, beams.tokens, prompted))
        scores = processors.forbid(scores, beams.tokens, prompted)
        rows = beams.extend(force_prefix(prompt, position, scores), position + 1)
        writing = ~beams.finished.all(dim=1)
        if not writing.any():
            break
        if should_compact(int(writing.sum()), len(writing)):
            answers |= beams.answers(~writing)
            kept = beams.keep(writing)
            rows, prompt, memory = rows[kept], prompt[kept], memory.part(writing.nonzero().squeeze(1))
        if len(rows) < len(logits) or not torch.equal(rows, beams.rows()):
            state = state.reorder(rows)
        logits, state = model.step(beams.last, state, memory)
    answers |= beams.answers(~writing)  # all that are left
    return [answers[source] for source in range(len(answers))]


def _first_step(model: EncoderDecoder, memory: Memory, read: Tensor) -> tuple[Tensor, State]:
    """Return the logits `(B, V)` of the first token behind those that are `read`, `(B, T)`, and the state after them.

    All hypotheses of a source are alike until then, so one row of each is computed.
    """
    known = torch.cat([read.new_full((len(read), 1), START), read], dim=1)
    state = model.start(memory)
    if read.shape[1]:
        state = model.advance(known[:, :-1], state, memory)
    return model.step(known[:, -1], state, memory)


class _Beams:
    """The K hypotheses of each source, in tensors `(B, K)`."""

    def __init__(
        self,
        size: int,
        limits: Tensor,
        length_penalty: float,
        prompt: Tensor,
        common: int,
        constrained: ConstrainedBeams | None,
        diversity: Diversity,
    ) -> None:
        self.constrained, self.diversity = constrained, diversity
        device, batch = prompt.device, len(prompt) // size
        self.size, self.length_penalty = size, length_penalty
        self.sources = torch.arange(batch, device=device)  # row of the batch
        self.prompted = (prompt != PADDING).sum(dim=1).view(batch, size)  # tokens that were given
        self.ends = self.prompted + limits.view(batch, size)  # positions, those of the prompt included
        self.total = torch.full((batch, size), -torch.inf, device=device)  # log-probability
        self.total[:, :: size // diversity.groups] = 0.0  # all of a group begin alike: one is continued
        self.length = torch.zeros(batch, size, device=device)  # tokens, END included
        self.finished = torch.zeros(batch, size, dtype=torch.bool, device=device)
        self.tokens = prompt[:, :common]  # (N, T)
        self.last = prompt.new_full((batch * size,), START)  # (N,), read with the tokens before

    def extend(self, scores: Tensor, length: int) -> Tensor:
        """Append the best K tokens, given log-probabilities `(N, V)`; return the rows that they continue, `(N,)`."""
        batch = len(self.sources)
        if self.constrained:
            self.constrained.forbid_end(scores)
        values, tokens = (each.view(batch, self.size, -1) for each in top_tokens(scores, self.size))  # (B, K, C ≤ K)
        if self.constrained:
            values, tokens = self.constrained.add_wanted(values, tokens, scores)
        unchanged = self.finished.unsqueeze(2)  # finished ones stay as they are: one continuation, by padding
        values = values.masked_fill(unchanged, -torch.inf)
        values[:, :, :1] = values[:, :, :1].masked_fill(unchanged, 0.0)
        tokens = tokens.masked_fill(unchanged, PADDING)
        totals = self.total.unsqueeze(2) + values  # (B, K, C)
        written = length - self.prompted
        lengths = torch.where(self.finished, self.length, written.clamp_min(1).float())
        ranked = penalized(totals, lengths.unsqueeze(2), self.length_penalty)
        if self.diversity.groups > 1:
            best = self.diversity.choose(totals, lengths.unsqueeze(2), tokens, self.length_penalty)
        else:
            best = ranked.view(batch, -1).topk(self.size, dim=1).indices  # (B, K), best first
        if self.constrained:
            best = self.constrained.allocate(best, ranked, tokens)
        beam, token = best // totals.shape[2], tokens.view(batch, -1).gather(1, best)
        self.total = totals.view(batch, -1).gather(1, best)
        self.length = lengths.gather(1, beam)
        self.finished = self.finished.gather(1, beam) | (token == END) | (length >= self.ends)
        self.finished |= self.total == -torch.inf  # fewer than K continuations are possible
        rows = (torch.arange(batch, device=beam.device).unsqueeze(1) * self.size + beam).view(-1)
        self.last = token.view(-1)
        if self.constrained:
            self.constrained.advance(rows, self.last)
        self.tokens = torch.cat([self.tokens[rows], self.last.unsqueeze(1)], dim=1)
        return rows

    def rows(self) -> Tensor:
        """Return the numbers of all rows, `(N,)`: what each continues if all continue themselves."""
        return torch.arange(len(self.last), device=self.last.device)

    def keep(self, writing: Tensor) -> Tensor:
        """Drop the sources that are False in `writing` `(B,)`; return the rows of the others, of the N before."""
        self.sources, self.finished = self.sources[writing], self.finished[writing]
        self.prompted, self.ends = self.prompted[writing], self.ends[writing]
        self.total, self.length = self.total[writing], self.length[writing]
        kept = writing.repeat_interleave(self.size).nonzero().squeeze(1)
        self.last, self.tokens = self.last[kept], self.tokens[kept]
        if self.constrained:
            self.constrained.keep(kept)
        return kept

    def answers(self, chosen: Tensor) -> dict[int, list[Hypothesis]]:
        """Return the current hypotheses of the sources that are True in `(B,)`, best first, by source."""
        scores = penalized(self.total, self.length, self.length_penalty)
        tokens = self.tokens.view(*scores.shape, -1)
        columns = (part[chosen].tolist() for part in (self.sources, tokens, self.prompted, scores))
        found = {
            source: [Hypothesis.of_row(*row) for row in zip(*hypotheses, strict=True) if row[-1] != -math.inf]
            for source, *hypotheses in zip(*columns, strict=True)
        }
        return {source: merged(each) for source, each in found.items()} if self.diversity.groups > 1 else found
