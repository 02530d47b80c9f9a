"""Greedy search: always the likeliest token."""

from torch import Tensor

from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.search_loop import write_singly
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.memory import Memory


def greedy_search(
    model: EncoderDecoder, memory: Memory, prompt: Tensor, limits: Tensor | int, length_penalty: float
) -> list[Hypothesis]:
    """The greedy answer to each row of memory behind the prompt `(B, P)`, of at most `limits` tokens, one or `(B,)`."""
    return write_singly(model, memory, prompt, limits, length_penalty, lambda scores, *_: scores.argmax(dim=1))
