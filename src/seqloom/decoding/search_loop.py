"""One hypothesis a source, written token by token; how a token is chosen comes from outside.

B batch, P longest prompt, V target vocabulary, R rows of the batch that are not finished, and some that are.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from seqloom.decoding.hypothesis import Hypothesis, force_prefix, limits_of, log_probabilities, should_compact
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.memory import Memory
from seqloom.vocabulary.special_tokens import END, PADDING, START

Choose = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Log-probabilities `(R, V)`, how many tokens each row has written `(R,)`, below 0 in a prompt, and which rows of the
batch they are `(R,)`, to tokens `(R,)`."""


@torch.inference_mode()
def write_singly(
    model: EncoderDecoder, memory: Memory, prompt: Tensor, limits: Tensor | int, length_penalty: float, choose: Choose
) -> list[Hypothesis]:
    """The answer to each row of memory behind the prompt `(B, P)`, of at most `limits` tokens, a number or `(B,)`."""
    prompted = (prompt != PADDING).sum(dim=1)
    ends = prompted + limits_of(limits, prompt)  # places, the prompt's among them
    known = torch.cat([prompt.new_full((len(prompt), 1), START), prompt], dim=1)
    common = int(prompted.min())  # tokens that every prompt has: read at once
    state = model.start(memory)
    if common:
        state = model.advance(known[:, :common], state, memory)
    token = known[:, common]
    firsts = prompted - common
    total = torch.zeros(len(prompt), device=prompt.device)
    finished = torch.zeros(len(prompt), dtype=torch.bool, device=prompt.device)
    answers = prompt.new_full((len(prompt), int(ends.max()) - common), PADDING)  # behind the common tokens
    rows = torch.arange(len(prompt), device=prompt.device)  # of the batch, that are computed
    for column in range(answers.shape[1]):
        place = common + column
        logits, state = model.step(token, state, memory)
        scores = force_prefix(prompt, place, log_probabilities(logits))
        written = place - prompted
        token = choose(scores, written, rows)
        total[rows] += scores.gather(1, token.unsqueeze(1)).squeeze(1).masked_fill(finished, 0.0)
        token = token.masked_fill(finished, PADDING)
        answers[rows, column] = token
        finished = finished | (token == END) | (place + 1 >= ends)
        writing = (~finished).nonzero().squeeze(1)
        if not len(writing):
            break
        if should_compact(len(writing), len(rows)):
            rows, token, finished = rows[writing], token[writing], finished[writing]
            prompt, prompted, ends = prompt[writing], prompted[writing], ends[writing]
            state, memory = state.reorder(writing), memory.part(writing)
    lengths = (answers != PADDING).sum(dim=1) - firsts  # END counts
    scores = total / lengths**length_penalty
    columns = (part.tolist() for part in (answers, firsts, scores))
    return [Hypothesis.of_row(*row) for row in zip(*columns, strict=True)]
