"""Batches for masked language modeling: sources with masked tokens, and the tokens to predict.

B batch, S source length.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from seqloom.dataset.file_array import FileArray
from seqloom.dataset.padded_batch import Batch, pad_sources
from seqloom.dataset.sequences import Ids
from seqloom.vocabulary.special_tokens import END, PADDING, UNKNOWN

PREDICTED_SHARE = 0.15  # share of the tokens to predict (Devlin et al. 2019, section 3.1)
MASKED_SHARE, REPLACED_SHARE = (
    0.8,
    0.1,
)  # of those; the rest are left as they are, so that a token read may be the true one


def make_masked_batch(sources: Sequence[Ids], seeds: Sequence[tuple[int, ...]], corpus: Ids | FileArray) -> Batch:
    """Mask tokens of each source by its own seed, independent of the other sources.

    A masked token is read as UNKNOWN, a replaced one as a random id of `corpus`. END is predicted like a token, so that
    the model learns it, and is never masked.
    """
    predicted, read = zip(*(_mask(*pair, corpus) for pair in zip(sources, seeds, strict=True)), strict=True)
    source = pad_sources(read)
    output = torch.full_like(source, PADDING)
    for row, (positions, ids) in enumerate(zip(predicted, sources, strict=True)):
        whole = np.append(ids, END).astype(np.int64)
        output[row, torch.from_numpy(positions)] = torch.from_numpy(whole[positions])
    return Batch(source, source, output, sum(map(len, predicted)))


def _mask(ids: Ids, seed: tuple[int, ...], corpus: Ids | FileArray) -> tuple[NDArray[np.int64], Ids]:
    """Return the positions to predict, at least one, and the ids with their masks."""
    random = np.random.default_rng(seed)
    positions = np.flatnonzero(random.random(len(ids) + 1) < PREDICTED_SHARE)
    if len(positions) == 0:
        positions = random.integers(max(1, len(ids)), size=1)
    fate = np.where(positions < len(ids), random.random(len(positions)), 1.0)
    read = np.array(ids)
    read[positions[fate < MASKED_SHARE]] = UNKNOWN
    replaced = positions[(fate >= MASKED_SHARE) & (fate < MASKED_SHARE + REPLACED_SHARE)]
    read[replaced] = corpus[random.integers(len(corpus), size=len(replaced))]
    return positions, read
