"""Sources with tokens hidden, and what they hid: what an encoder learns from without any target.

B batch, S source length.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from seqloom.dataset.batch import Batch, pad_sources
from seqloom.dataset.file_array import FileArray
from seqloom.dataset.sequences import Ids
from seqloom.vocabulary.special_tokens import END, PADDING, UNKNOWN

ASKED = 0.15  # share of the tokens that are to be told (Devlin et al. 2019, section 3.1)
HIDDEN, REPLACED = 0.8, 0.1  # of those; the rest stand as they are, so that what is read cannot be known to be false


def make_masked_batch(sources: Sequence[Ids], seeds: Sequence[tuple[int, ...]], corpus: Ids | FileArray) -> Batch:
    """Hide tokens of each source by its own seed: what is hidden depends on no other source.

    A hidden token is read as UNKNOWN, a replaced one as any of the ids of `corpus`. END is asked for like a token, so
    that the end of a text is known, and always stands as it is.
    """
    asked, read = zip(*(_mask(*pair, corpus) for pair in zip(sources, seeds, strict=True)), strict=True)
    source = pad_sources(read)
    output = torch.full_like(source, PADDING)
    for row, (places, ids) in enumerate(zip(asked, sources, strict=True)):
        whole = np.append(ids, END).astype(np.int64)
        output[row, torch.from_numpy(places)] = torch.from_numpy(whole[places])
    return Batch(source, source, output, sum(map(len, asked)))


def _mask(ids: Ids, seed: tuple[int, ...], corpus: Ids | FileArray) -> tuple[NDArray[np.int64], Ids]:
    """The places that are asked for, at least one, and the ids as they are read."""
    random = np.random.default_rng(seed)
    places = np.flatnonzero(random.random(len(ids) + 1) < ASKED)
    if len(places) == 0:
        places = random.integers(max(1, len(ids)), size=1)
    fate = np.where(places < len(ids), random.random(len(places)), 1.0)
    read = np.array(ids)
    read[places[fate < HIDDEN]] = UNKNOWN
    replaced = places[(fate >= HIDDEN) & (fate < HIDDEN + REPLACED)]
    read[replaced] = corpus[random.integers(len(corpus), size=len(replaced))]
    return places, read
