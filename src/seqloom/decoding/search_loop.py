"""Left-to-right decoding of one hypothesis for each source; greedy search and sampling choose the tokens.

B batch, P prompt length, V target vocabulary, R rows still computed: those that are not finished, and some that are.
"""

from collections.abc import Callable

import torch
from torch import Tensor

from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.logits_processors import PLAIN, LogitsProcessors
from seqloom.decoding.search_constraints import force_prefix, limits_of
from seqloom.decoding.search_scores import log_probabilities, penalized, should_compact
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.encoder_memory import Memory
from seqloom.vocabulary.special_tokens import END, PADDING, START

Choose = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Choose tokens `(R,)`, given log-probabilities `(R, V)`, the number of tokens that each row has written `(R,)`, which
is below 0 inside a prompt, and the rows' indices in the batch `(R,)`."""


@torch.inference_mode()
def decode_stepwise(
    model: EncoderDecoder,
    memory: Memory,
    prompt: Tensor,
    limits: Tensor | int,
    length_penalty: float,
    choose: Choose,
    processors: LogitsProcessors = PLAIN,
) -> list[Hypothesis]:
    """Return the answer to each row of memory, continuing the prompt `(B, P)`.

    An answer has at most `limits` tokens, END among them, a number or `(B,)`.
    """
    prompted = (prompt != PADDING).sum(dim=1)
    ends = prompted + limits_of(limits, prompt)  # positions, those of the prompt included
    known = torch.cat([prompt.new_full((len(prompt), 1), START), prompt], dim=1)
    common = int(prompted.min())  # length of the shortest prompt: so many tokens are read at once
    state = model.start(memory)
    if common:
        state = model.advance(known[:, :common], state, memory)
    token = known[:, common]
    firsts = prompted - common
    total = torch.zeros(len(prompt), device=prompt.device)
    finished = torch.zeros(len(prompt), dtype=torch.bool, device=prompt.device)
    answers = prompt.new_full((len(prompt), int(ends.max()) - common), PADDING)  # behind the common tokens
    rows = torch.arange(len(prompt), device=prompt.device)  # indices of the rows still computed
    for column in range(answers.shape[1]):
        position = common + column
        logits, state = model.step(token, state, memory)
        tokens, ahead = answers[rows, :column], prompted - common  # those of a longer prompt among them
        scores = log_probabilities(processors.penalize(logits, tokens, ahead))
        scores = force_prefix(prompt, position, processors.forbid(scores, tokens, ahead))
        written = position - prompted
        token = choose(scores, written, rows)
        total[rows] += scores.gather(1, token.unsqueeze(1)).squeeze(1).masked_fill(finished, 0.0)
        token = token.masked_fill(finished, PADDING)
        answers[rows, column] = token
        finished = finished | (token == END) | (position + 1 >= ends)
        writing = (~finished).nonzero().squeeze(1)
        if not len(writing):
            break
        if should_compact(len(writing), len(rows)):
            rows, token, finished = rows[writing], token[writing], finished[writing]
            prompt, prompted, ends = prompt[writing], prompted[writing], ends[writing]
            state, memory = state.reorder(writing), memory.part(writing)
    lengths = (answers != PADDING).sum(dim=1) - firsts  # END counts
    scores = penalized(total, lengths, length_penalty)
    columns = (part.tolist() for part in (answers, firsts, scores))
    return [Hypothesis.of_row(*row) for row in zip(*columns, strict=True)]
