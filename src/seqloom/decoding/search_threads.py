"""How many threads PyTorch searches with: few texts are searched for on one."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

HYPOTHESES_OF_A_THREAD = 256
"""Hypotheses that are worth a further thread. The matrices of fewer are so small that threads mostly wait for each
other: one text costs two to three times the processor time on two (docs/notes/speed.md). Measured up to width 256."""


def threads_for(hypotheses: int, most: int) -> int:
    """Return the threads for a search over so many hypotheses at once, where `most` may be used."""
    return min(most, 1 + hypotheses // HYPOTHESES_OF_A_THREAD)


@contextmanager
def search_threads(count: int) -> Iterator[None]:
    """Let the thread that enters compute with `count` threads."""
    before = torch.get_num_threads()
    if count == before:
        yield
        return
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
