"""Lexically constrained beam search: phrases that an answer has to contain, by dynamic beam allocation.

Post and Vilar 2018, https://arxiv.org/abs/1804.06609: the places of a beam are shared evenly among hypotheses that have
met equally much of their constraints, so that those which began a phrase are not pushed out by those which did not.

B sources, K hypotheses of a source, N = B K rows, C candidates of a hypothesis, V target vocabulary.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqloom.vocabulary.special_tokens import END, PADDING

Constraint = tuple[tuple[int, ...], ...]
"""Alternatives, each a sequence of tokens, of which an answer has to contain one."""


@dataclass(frozen=True)
class ConstraintProgress:
    """Constraints of its source that one hypothesis has met."""

    constraints: tuple[Constraint, ...]
    met: frozenset[int] = frozenset()  # indices of constraints
    matched: tuple[int, ...] = ()  # the last tokens, where they begin a phrase that is not complete

    @property
    def complete(self) -> bool:
        """Return True if all are met."""
        return len(self.met) == len(self.constraints)

    @property
    def bank(self) -> int:
        """Return how much is met, in tokens, of a constraint the longest of its alternatives."""
        return sum(max(map(len, self.constraints[index])) for index in self.met) + len(self.matched)

    def wanted(self) -> set[int]:
        """Return the tokens that continue the phrase that has begun, or begin one."""
        length = len(self.matched)
        return {phrase[length] for _, phrase in self._open() if phrase[:length] == self.matched}

    def after(self, token: int) -> "ConstraintProgress":
        """Return the progress with one token more."""
        if self.complete or token in (PADDING, END):
            return self
        for matched in ((*self.matched, token), (token,)):  # a phrase goes on, or is broken off and another begins
            begun = [(index, phrase) for index, phrase in self._open() if phrase[: len(matched)] == matched]
            whole = [index for index, phrase in begun if phrase == matched]
            if whole:
                return ConstraintProgress(self.constraints, self.met | {whole[0]})
            if begun:
                return ConstraintProgress(self.constraints, self.met, matched)
        return ConstraintProgress(self.constraints, self.met)

    def _open(self) -> list[tuple[int, tuple[int, ...]]]:
        """Return the phrases of constraints that are not met, with the index of the constraint."""
        return [
            (index, phrase)
            for index, alternatives in enumerate(self.constraints)
            if index not in self.met
            for phrase in alternatives
        ]


class ConstrainedBeams:
    """Progress of every row of a beam search, some of whose sources have constraints."""

    def __init__(self, constraints: Sequence[Sequence[Constraint]], beam_size: int) -> None:
        self.size = beam_size
        self.rows = [ConstraintProgress(tuple(each)) for each in constraints for _ in range(beam_size)]

    def forbid_end(self, scores: Tensor) -> None:
        """Set END to -inf in the log-probabilities `(N, V)` of rows that have not met all."""
        unmet = torch.tensor([not row.complete for row in self.rows], device=scores.device)
        scores[:, END] = scores[:, END].masked_fill(unmet, -torch.inf)

    def add_wanted(self, values: Tensor, tokens: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Add to the candidates `(B, K, C)` those tokens of `scores` `(N, V)` that meet a constraint."""
        wanted = [sorted(row.wanted()) for row in self.rows]
        width = max(map(len, wanted))
        if not width:
            return values, tokens
        filled = [[*row, *[PADDING] * (width - len(row))] for row in wanted]
        added = torch.tensor(filled, device=tokens.device).view(*tokens.shape[:2], width)
        found = scores.view(*tokens.shape[:2], -1).gather(2, added)
        known = (added.unsqueeze(3) == tokens.unsqueeze(2)).any(dim=3) | (added == PADDING)
        return torch.cat([values, found.masked_fill(known, -torch.inf)], dim=2), torch.cat([tokens, added], dim=2)

    def allocate(self, best: Tensor, ranked: Tensor, tokens: Tensor) -> Tensor:
        """Choose candidates of the constrained sources anew; `best` `(B, K)` are the K with the highest `ranked`."""
        best = best.clone()
        for source in range(len(best)):
            rows = self.rows[source * self.size : (source + 1) * self.size]
            if rows[0].constraints:
                chosen = self._choose(rows, ranked[source].tolist(), tokens[source].tolist())
                left = [index for index in best[source].tolist() if index not in chosen]
                best[source] = torch.tensor((chosen + left)[: self.size], device=best.device)
        return best

    def advance(self, rows: Tensor, last: Tensor) -> None:
        """Go on to the rows `(N,)` that were chosen, with their last tokens `(N,)`."""
        self.rows = [self.rows[row].after(token) for row, token in zip(rows.tolist(), last.tolist(), strict=True)]

    def keep(self, rows: Tensor) -> None:
        """Drop all but these rows."""
        self.rows = [self.rows[row] for row in rows.tolist()]

    def _choose(self, rows: list[ConstraintProgress], ranked: list[list[float]], tokens: list[list[int]]) -> list[int]:
        """Take the best candidate of each bank in turn, the fullest bank first; complete ones come first, then best."""
        banks: dict[int, list[tuple[float, int, bool]]] = defaultdict(list)
        width = len(tokens[0])
        for beam, row in enumerate(rows):
            for column, (score, token) in enumerate(zip(ranked[beam], tokens[beam], strict=True)):
                if score > -torch.inf:
                    after = row.after(token)
                    banks[after.bank].append((score, beam * width + column, after.complete))
        ordered = [sorted(banks[bank]) for bank in sorted(banks, reverse=True)]
        chosen: list[tuple[float, int, bool]] = []
        while any(ordered) and len(chosen) < self.size:
            chosen += [bank.pop() for bank in ordered if bank]
        return [index for _, index, _ in sorted(chosen[: self.size], key=lambda each: (not each[2], -each[0]))]
