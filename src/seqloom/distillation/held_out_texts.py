"""Texts of the validation and test rows of a corpus: a model that has learned one is not judged by it any more."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seqloom.corpus.corpus_files import iterate_columns
from seqloom.corpus.near_duplicates import NearDuplicates
from seqloom.corpus.row_keys import keys_of_texts
from seqloom.corpus.text_column import TextColumn

_SPLITS = ("validation", "test")
_ROWS = 5_000  # whose characters are hashed at once
_PAIRS = pa.schema([("source", pa.string()), ("target", pa.string())])


class HeldOutTexts:
    """One side of the held-out rows, compared without case, spaces and punctuation: 8 bytes each, and the sketches."""

    def __init__(self, corpus: Path, side: str, similarity: float = 0.0) -> None:
        """Read them; with `similarity`, a text that is more similar to one than that (Jaccard) counts as one, too."""
        self.side = side
        self._near = near = NearDuplicates(similarity) if similarity else None
        keys = []
        for table in (table for split in _SPLITS for table in iterate_columns(corpus, split, [side], _ROWS)):
            keys.append(_keys(table[side]))
            if near:
                for sketch in near.sketches(table[side]):
                    near.add(sketch)
        self._keys = np.unique(np.concatenate(keys))

    def among(self, texts: Sequence[str]) -> NDArray[np.bool_]:
        """Return which of the texts `(N,)` are held out."""
        found = np.isin(_keys(texts), self._keys)
        if self._near:
            found |= np.array([self._near.is_too_similar(each) for each in self._near.sketches(texts)], bool)
        return found

    def leave_out(self, corpus: Path, file: Path) -> tuple[int, int]:
        """Write the training pairs of a corpus to a Parquet file but for those of held-out texts.

        Return how many are kept, and how many are not.
        """
        kept = dropped = 0
        with pq.ParquetWriter(file, _PAIRS) as writer:
            for table in iterate_columns(corpus, "train", rows=_ROWS):
                stays = ~self.among(table[self.side])
                kept, dropped = kept + int(stays.sum()), dropped + int((~stays).sum())
                if stays.any():
                    writer.write_table(pa.table(table, _PAIRS).filter(pa.array(stays)))
        return kept, dropped


def _keys(texts: Sequence[str]) -> NDArray[np.uint64]:
    return keys_of_texts(TextColumn(texts).folded)
