"""Greedy search: always the likeliest token.

B batch, S source length, V target vocabulary.
"""

import torch
from torch import Tensor

from seqloom.decoding.hypothesis import Hypothesis, log_probabilities
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.vocabulary.special import END, PADDING, START


@torch.inference_mode()
def greedy_search(model: EncoderDecoder, source: Tensor, max_length: int, length_penalty: float) -> list[Hypothesis]:
    """The greedy answer to each row of `source` `(B, S)`, of at most `max_length` tokens."""
    memory = model.encode(source)
    state = model.start(memory)
    token = torch.full((len(source),), START, device=source.device)
    total = torch.zeros(len(source), device=source.device)
    finished = torch.zeros(len(source), dtype=torch.bool, device=source.device)
    written: list[Tensor] = []
    for _ in range(max_length):
        logits, state = model.step(token, state, memory)
        best, token = log_probabilities(logits).max(dim=1)  # (B,)
        total = total + best.masked_fill(finished, 0.0)
        token = token.masked_fill(finished, PADDING)
        finished = finished | (token == END)
        written.append(token)
        if finished.all():
            break
    answers = torch.stack(written, dim=1)  # (B, T)
    lengths = (answers != PADDING).sum(dim=1)  # END counts
    scores = total / lengths**length_penalty
    return [
        Hypothesis([t for t in tokens if t not in (END, PADDING)], score)
        for tokens, score in zip(answers.tolist(), scores.tolist(), strict=True)
    ]
