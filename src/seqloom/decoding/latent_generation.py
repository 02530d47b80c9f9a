"""Decode fixed-length latent vectors: sampled ones, and ones interpolated between two texts.

B vectors, D memory width.
"""

import torch
from torch import Tensor

from seqloom.decoding.answers import Answer
from seqloom.decoding.generator import Generator
from seqloom.errors import UserError
from seqloom.models.encoder_memory import Memory


def decode_vectors(generator: Generator, vectors: Tensor) -> list[Answer]:
    """Return the best text for each vector `(B, D)`; the model must write from its summary vector alone."""
    decoding = generator.decoding
    backend, longest = generator.torch_backend, generator.max_answer_tokens(decoding)  # no source to bound it by
    answers = []
    vectors = vectors.to(backend.device)
    for start in range(0, len(vectors), decoding.batch_size):
        summary = vectors[start : start + decoding.batch_size]
        nothing = summary.new_empty(len(summary), 0)  # an empty source, and an empty prompt
        memory = Memory(nothing.unsqueeze(2), nothing.bool(), summary)
        numbers = range(start, start + len(summary))
        found = backend.write(memory, nothing.long(), [longest] * len(summary), decoding, numbers)
        answers += [generator.detokenize(each[:1])[0] for each in generator.rank(found, decoding)]
    return answers


@torch.inference_mode()
def interpolate(generator: Generator, texts: tuple[str, str], points: int) -> Tensor:
    """Return `points` vectors `(points, D)` on the line between those of two texts, both ends included.

    Raises:
        UserError: a text has no tokens.
    """
    encoded = generator.encode(texts)
    for text, ids in zip(texts, encoded, strict=True):
        if not ids:
            raise UserError(f"there is no vector for a text without tokens, {text!r}: give two texts with words")
    first, second = map(generator.torch_backend.summary, encoded)
    return torch.lerp(first, second, interpolation_weights(points).unsqueeze(1))


def interpolation_weights(points: int) -> Tensor:
    """Return the weight of the second text in each point, 0 to 1, `(points,)`."""
    return torch.linspace(0, 1, points)
