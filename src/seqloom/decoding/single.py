"""One hypothesis a source, written token by token; how a token is chosen comes from outside.

B batch, P longest prompt, V target vocabulary.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from seqloom.decoding.hypothesis import Hypothesis, follow, log_probabilities
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.memory import Memory
from seqloom.vocabulary.special import END, PADDING, START

Choose = Callable[[Tensor, Tensor], Tensor]
"""Log-probabilities `(B, V)` and how many tokens each row has written `(B,)`, below 0 in a prompt, to tokens `(B,)`."""


@torch.inference_mode()
def write_singly(
    model: EncoderDecoder, memory: Memory, prompt: Tensor, max_length: int, length_penalty: float, choose: Choose
) -> list[Hypothesis]:
    """The answer to each row of memory, of at most `max_length` tokens behind the prompt `(B, P)`."""
    prompted = (prompt != PADDING).sum(dim=1)
    known = torch.cat([prompt.new_full((len(prompt), 1), START), prompt], dim=1)
    common = int(prompted.min())  # tokens that every prompt has: read at once
    state = model.start(memory)
    if common:
        state = model.advance(known[:, :common], state, memory)
    token = known[:, common]
    total = torch.zeros(len(prompt), device=prompt.device)
    finished = torch.zeros(len(prompt), dtype=torch.bool, device=prompt.device)
    written: list[Tensor] = []
    for place in range(common, prompt.shape[1] + max_length):
        logits, state = model.step(token, state, memory)
        scores = follow(prompt, place, log_probabilities(logits))
        token = choose(scores, place - prompted)
        total = total + scores.gather(1, token.unsqueeze(1)).squeeze(1).masked_fill(finished, 0.0)
        token = token.masked_fill(finished, PADDING)
        finished = finished | (token == END) | (place + 1 - prompted >= max_length)
        written.append(token)
        if finished.all():
            break
    answers = torch.stack(written, dim=1)  # (B, T), behind the common tokens
    firsts = prompted - common
    lengths = (answers != PADDING).sum(dim=1) - firsts  # END counts
    scores = total / lengths**length_penalty
    return [
        Hypothesis([t for t in tokens[first:] if t not in (END, PADDING)], score)
        for tokens, first, score in zip(answers.tolist(), firsts.tolist(), scores.tolist(), strict=True)
    ]
