"""Scores of given answers by forced decoding through a trie: what choices begin with alike is computed once.

B sources, K nodes of the trie at a depth at most, N = B K rows, V target vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from seqloom.decoding.search_scores import log_probabilities
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.encoder_memory import Memory
from seqloom.vocabulary.special_tokens import END, PADDING, START


@dataclass(frozen=True)
class TrieLevel:
    """Tokens that stand at one position of the choices, behind all that can stand before them."""

    parents: list[int]  # for each token, the node before it: an index among the inner nodes of the level before
    tokens: list[int]
    inner: list[int]  # indices of the tokens that others follow: all but END
    ends: dict[int, int]  # choice by index of its END


def trie_of(choices: Sequence[Sequence[int]]) -> list[TrieLevel]:
    """Return the levels of the trie of distinct choices, token ids without END."""
    levels: list[TrieLevel] = []
    nodes: dict[tuple[int, ...], int] = {(): 0}  # inner nodes of the level before, by prefix
    for depth in range(max(map(len, choices), default=-1) + 1):
        found: dict[tuple[int, ...], int] = {}
        ends: dict[int, int] = {}
        for number, choice in enumerate(choices):
            if len(choice) >= depth:
                prefix = (*choice, END)[: depth + 1]
                place = found.setdefault(prefix, len(found))
                if prefix[-1] == END:
                    ends[place] = number
        inner = [place for prefix, place in found.items() if prefix[-1] != END]
        parents = [nodes[prefix[:-1]] for prefix in found]
        levels.append(TrieLevel(parents, [prefix[-1] for prefix in found], inner, ends))
        before = {place: index for index, place in enumerate(inner)}
        nodes = {prefix: before[place] for prefix, place in found.items() if place in before}
    return levels


def width_of(levels: Sequence[TrieLevel]) -> int:
    """Return K, the rows that a source needs."""
    return max([1, *(len(level.inner) for level in levels)])


@torch.inference_mode()
def score_choices(model: EncoderDecoder, memory: Memory, prompt: Tensor, levels: Sequence[TrieLevel]) -> Tensor:
    """Return the log-probability of each choice, END included, for each row of memory, `(B, choices)`.

    `prompt` `(B, P)` is what the answers continue; a model with an encoder has none, one without one row without
    padding.
    """
    batch, width = len(memory.mask), width_of(levels)
    memory = memory.shared(width)
    known = torch.cat([prompt.new_full((batch, 1), START), prompt], dim=1).repeat_interleave(width, dim=0)
    assert not (known[:, 1:] == PADDING).any(), "prompts are of one length"
    state = model.start(memory)
    if known.shape[1] > 1:
        state = model.advance(known[:, :-1], state, memory)
    last, totals = known[:, -1], torch.zeros(batch, 1, device=prompt.device)  # (N,), (B, inner nodes)
    first_rows = torch.arange(batch, device=prompt.device).unsqueeze(1) * width  # (B, 1)
    scores = torch.zeros(batch, sum(len(level.ends) for level in levels), device=prompt.device)
    for level in levels:
        logits, state = model.step(last, state, memory)
        parents, tokens = (torch.tensor(each, device=prompt.device) for each in (level.parents, level.tokens))
        steps = log_probabilities(logits).view(batch, width, -1)[:, parents, tokens]  # (B, tokens)
        totals = totals[:, parents] + steps
        if level.ends:
            scores[:, list(level.ends.values())] = totals[:, list(level.ends)]
        if not level.inner:
            break
        kept = torch.tensor([*level.inner, *level.inner[:1] * (width - len(level.inner))], device=prompt.device)
        state = state.reorder((first_rows + parents[kept]).view(-1))
        last = tokens[kept].repeat(batch)
        totals = totals[:, level.inner]
    return scores
