"""Texts that nobody wrote: from random fixed-length vectors, and from those between two texts.

B vectors, D memory width.
"""

import torch
from torch import Tensor

from seqloom.decoding.generator import Answer, Generator
from seqloom.errors import UserError
from seqloom.models.memory import Memory


def write_vectors(generator: Generator, vectors: Tensor) -> list[Answer]:
    """The best text for each vector `(B, D)` of a model that writes from nothing else."""
    decoding = generator.decoding
    longest = generator.most_tokens(decoding)  # there is no source to measure by
    answers = []
    vectors = vectors.to(next(generator.model.parameters()).device)
    for start in range(0, len(vectors), decoding.batch_size):
        summary = vectors[start : start + decoding.batch_size]
        nothing = summary.new_empty(len(summary), 0)  # of a source, and of a prompt
        memory = Memory(nothing.unsqueeze(2), nothing.bool(), summary)
        numbers = range(start, start + len(summary))
        found = generator.write(memory, nothing.long(), [longest] * len(summary), decoding, numbers)
        answers += [generator.spell(each[:1])[0] for each in found]
    return answers


@torch.inference_mode()
def vectors_between(generator: Generator, texts: tuple[str, str], points: int) -> Tensor:
    """So many points `(points, D)` on the line between the vectors of two texts, both ends among them.

    Raises:
        UserError: a text has no tokens.
    """
    encoded = generator.encode(texts)
    for text, ids in zip(texts, encoded, strict=True):
        if not ids:
            raise UserError(f"there is no vector for a text without tokens, {text!r}: give two texts with words")
    first, second = map(generator.vector, encoded)
    return torch.lerp(first, second, shares_between(points).unsqueeze(1))


def shares_between(points: int) -> Tensor:
    """How much of the second text each point has, 0 to 1, `(points,)`."""
    return torch.linspace(0, 1, points)
