"""Records spilled to the disk by bucket, so that each bucket fits into memory however many records there are."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RECORDS = 1 << 20  # of a bucket, about
BUCKETS = 256  # at most


def bucket_count(records: int) -> int:
    """Return the number of buckets for so many records: a power of two."""
    return min(BUCKETS, 1 << max(0, (records - 1) // RECORDS).bit_length())


class Spill:
    """Records in buckets; within each they keep the order in which they were added."""

    def __init__(self, stem: Path, dtype: np.dtype[np.void], buckets: int) -> None:
        """Take the beginning of the path of the files, the type of a record, and the number of buckets."""
        self._stem, self._dtype, self.buckets = stem, dtype, buckets

    def add(self, buckets: NDArray[np.integer], records: NDArray[np.void]) -> None:
        """Append records to the bucket of each."""
        buckets = buckets.astype(np.uint8)  # of which a radix sort takes a tenth of the time
        order = np.argsort(buckets, kind="stable")
        ends = np.searchsorted(buckets[order], np.arange(self.buckets + 1))
        for bucket in np.flatnonzero(np.diff(ends)).tolist():
            with self._path(bucket).open("ab") as file:
                file.write(records[order[ends[bucket] : ends[bucket + 1]]].tobytes())

    def take(self, bucket: int) -> NDArray[np.void]:
        """Return the records of a bucket, and remove its file."""
        path = self._path(bucket)
        if not path.exists():
            return np.empty(0, self._dtype)
        records = np.fromfile(path, self._dtype)
        path.unlink()
        return records

    def _path(self, bucket: int) -> Path:
        return self._stem.with_name(f"{self._stem.name}-{bucket:03}.bin")
