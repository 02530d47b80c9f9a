"""Segments of a corpus: what is kept and rejected of some shards that follow each other, with its counts.

The corpus is its segments in order: their row groups one after the other, and the sums of their counts. What becomes of
a row depends on the rows before it alone, so a segment stays as it is when text is added behind it.
"""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seqloom.artifact.fsync import make_durable
from seqloom.corpus import SPLITS
from seqloom.corpus.corpus_files import REJECTS_FILE, CorpusWriter
from seqloom.corpus.corpus_statistics import CorpusStatistics
from seqloom.corpus.folder_index import is_whole, put_in_place, read_index, write_index
from seqloom.corpus.part_files import Part, keys_of
from seqloom.corpus.similar_groups import SimilarGroups
from seqloom.corpus.source_shares import SourceShares
from seqloom.corpus.splits import ContiguousSplits
from seqloom.recipe.schema import CorpusSection

PARQUET_FILES = (*(f"{split}.parquet" for split in SPLITS), REJECTS_FILE)
INDEX = "segment.json"
_VERDICTS = "verdicts.bin"


@dataclass(frozen=True)
class Segment:
    """Parts that follow each other, and the folder that holds what is kept of them."""

    folder: Path
    parts: Sequence[Part]
    kept: bool = False  # for later runs

    @property
    def is_whole(self) -> bool:
        """Return whether the segment was written, and all of it is there."""
        return is_whole(self.folder, INDEX)

    def index(self) -> dict[str, Any]:
        """Read its counts and the sizes of its files."""
        return read_index(self.folder, INDEX)

    def verdicts(self) -> Iterator[NDArray[np.uint8]]:
        """Yield the verdicts `(rows,)` on each part, 0 of a candidate that is kept; none where there are no parts."""
        verdicts, begin = np.fromfile(self.folder / _VERDICTS, np.uint8), 0
        for part in self.parts:
            yield verdicts[begin : begin + part.rows]
            begin += part.rows

    def folded(self, split: str) -> NDArray[np.uint64]:
        """Return the keys `(N,)` of the folded sources of a split."""
        return np.fromfile(_folded_file(self.folder, split), np.uint64)


class SegmentWriter:
    """Writer of a segment: what is kept, and what is not, and counts of both."""

    def __init__(
        self,
        folder: Path,
        section: CorpusSection,
        splits: SourceShares | ContiguousSplits,
        groups: SimilarGroups | None,
    ) -> None:
        """Take the folder, how rows are dealt out to splits, and the groups of similar ones that are not parted."""
        self._folder, self._overfit, self._splits, self._groups = folder, section.overfit, splits, groups
        self._writer = CorpusWriter(folder, bool(section.sources))
        self._statistics = CorpusStatistics.of(section)
        self._verdicts = (folder / _VERDICTS).open("wb")
        self._folded = {split: _folded_file(folder, split).open("wb") for split in SPLITS}

    def add(self, part: Part, reasons: tuple[str, ...], verdicts: NDArray[np.uint8]) -> None:
        """Write the rows of a part, with the index of the reason to reject each."""
        self._verdicts.write(verdicts.tobytes())
        table = pa.table(
            part.read("source", "target", "origin", "line", "problem", "reason", "layout", "opening", "folded")
        )
        own = table["reason"].cast(pa.string())
        found = pc.coalesce(own, pa.array(reasons).take(pa.array(verdicts)))
        table = table.set_column(5, "reason", found).set_column(2, "origin", table["origin"].cast(pa.string()))
        rejected = table.filter(pc.not_equal(found, ""))
        self._writer.reject(rejected)
        self._statistics.reject(part.given_for, rejected, part.source_name)
        is_kept = pc.equal(found, "")
        kept = table.filter(is_kept)
        openings = keys_of(kept["opening"])
        if self._groups and part.given_for == "train":
            openings = self._groups.openings_of(part)[is_kept.to_numpy()]
        for split, mask in self._splits.masks(openings, part.given_for, part.source_name).items():
            self._keep(split, kept.filter(pa.array(mask)), part.source_name)

    def _keep(self, split: str, pairs: pa.Table, source_name: str) -> None:
        self._writer.keep(split, pairs, source_name)
        self._statistics.keep(split, pairs, source_name)
        self._statistics.folded_targets += pc.sum(pairs["layout"], min_count=0).as_py()
        if not self._overfit:
            self._folded[split].write(keys_of(pairs["folded"]).tobytes())

    def close(self) -> None:
        """Complete the files."""
        self._writer.close()
        for file in (self._verdicts, *self._folded.values()):
            file.close()
        write_index(self._folder, INDEX, {"counts": self._statistics.as_json()})


@contextmanager
def segment_writer(
    segment: Segment, section: CorpusSection, splits: SourceShares | ContiguousSplits, groups: SimilarGroups | None
) -> Iterator[SegmentWriter]:
    """Write a segment; its folder appears when it is complete."""
    folder = segment.folder
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        writer = SegmentWriter(unfinished, section, splits, groups)
        try:
            yield writer
        finally:
            writer.close()
        if segment.kept:
            make_durable(unfinished)
        put_in_place(unfinished, folder, INDEX)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _folded_file(folder: Path, split: str) -> Path:
    return folder / f"folded-{split}.bin"
