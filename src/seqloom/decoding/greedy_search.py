"""Greedy search: the most probable token at every position.

B batch, P prompt length.
"""

from torch import Tensor

from seqloom.decoding.hypothesis import Hypothesis
from seqloom.decoding.logits_processors import PLAIN, LogitsProcessors
from seqloom.decoding.search_loop import decode_stepwise
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.encoder_memory import Memory


def greedy_search(
    model: EncoderDecoder,
    memory: Memory,
    prompt: Tensor,
    limits: Tensor | int,
    length_penalty: float,
    processors: LogitsProcessors = PLAIN,
) -> list[Hypothesis]:
    """Return the greedy answer to each row of memory, continuing the prompt `(B, P)`; see `decode_stepwise`."""
    return decode_stepwise(model, memory, prompt, limits, length_penalty, _most_probable, processors)


def _most_probable(scores: Tensor, written: Tensor, rows: Tensor) -> Tensor:  # noqa: ARG001 a `Choose`
    return scores.argmax(dim=1)
