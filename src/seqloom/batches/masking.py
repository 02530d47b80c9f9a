"""Sources with tokens hidden, and what they hid: what an encoder learns from without any target.

B batch, S source length.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from seqloom.batches.batch import Batch, pad_sources
from seqloom.batches.sequences import Ids
from seqloom.vocabulary.special import PADDING, UNKNOWN

ASKED = 0.15  # share of the tokens that are to be told (Devlin et al. 2019, section 3.1)
HIDDEN, REPLACED = 0.8, 0.1  # of those; the rest stand as they are, so that what is read cannot be known to be false


def make_masked_batch(sources: Sequence[Ids], seeds: Sequence[tuple[int, ...]], corpus: Ids) -> Batch:
    """Hide tokens of each source by its own seed: what is hidden depends on no other source.

    A hidden token is read as UNKNOWN, a replaced one as any of the ids of `corpus`. END is never asked for.
    """
    asked, read = zip(*(_mask(*pair, corpus) for pair in zip(sources, seeds, strict=True)), strict=True)
    source = pad_sources(read)
    output = torch.full_like(source, PADDING)
    for row, (places, ids) in enumerate(zip(asked, sources, strict=True)):
        output[row, torch.from_numpy(places)] = torch.from_numpy(ids[places].astype(np.int64))
    return Batch(source, source, output, sum(map(len, asked)))


def _mask(ids: Ids, seed: tuple[int, ...], corpus: Ids) -> tuple[NDArray[np.int64], Ids]:
    """The places that are asked for, at least one, and the ids as they are read."""
    random = np.random.default_rng(seed)
    places = np.flatnonzero(random.random(len(ids)) < ASKED)
    if len(places) == 0:
        places = random.integers(len(ids), size=1)
    fate = random.random(len(places))
    read = np.array(ids)
    read[places[fate < HIDDEN]] = UNKNOWN
    replaced = places[(fate >= HIDDEN) & (fate < HIDDEN + REPLACED)]
    read[replaced] = corpus[random.integers(len(corpus), size=len(replaced))]
    return places, read
