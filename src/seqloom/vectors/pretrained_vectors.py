"""Pretrained word vectors by token, and a report on their file."""

import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.errors import UserError
from seqloom.vectors.vector_file_formats import Head, MalformedVectors, read_head, read_rows
from seqloom.vocabulary.special_tokens import MARK


@dataclass
class VectorFileReport:
    """Rows of a vector file, and its irregularities."""

    promised: int | None = None  # rows that the first line states
    rows: int = 0
    spaced: int = 0  # tokens with a space
    unnamed: int = 0  # rows without a token
    repeated: int = 0  # rows whose token an earlier row has
    broken: int = 0  # tokens that are not UTF-8
    first_broken: int = 0  # row or line of the first of these

    @property
    def notes(self) -> list[str]:
        """Sentences for the user, one for each irregularity."""
        skipped, notes = [], []
        if self.promised not in (None, self.rows):
            notes.append(f"the first line promises {self.promised:,} rows and there are {self.rows:,}: all were read")
        if self.broken:
            notes.append(
                f"tokens that are not UTF-8: {self.broken:,}, the first in row {self.first_broken:,}; what cannot be "
                "read of them became U+FFFD, so they are found by no token: convert the file where they are many"
            )
        if self.repeated:
            skipped.append(f"{self.repeated:,} whose token an earlier row has")
        if self.unnamed:
            skipped.append(f"{self.unnamed:,} without a token")
        if skipped:
            notes.append(f"rows that were skipped: {' and '.join(skipped)}")
        return notes

    @property
    def facts(self) -> dict[str, Any]:
        """The report as facts of the stage."""
        return {**vars(self), "notes": self.notes}


class PretrainedVectors:
    """Vectors by token: a `Lookup` that returns the vector `(D,)`, or None."""

    def __init__(self, width: int, promised: int | None) -> None:
        self.report = VectorFileReport(promised)
        self._width = width
        self._rows: dict[str, int] = {}
        self._numbers = bytearray()  # float32, end to end

    def __call__(self, token: str) -> NDArray[np.float32] | None:
        """Look a token up as it is, then as a bare word without its mark, then in lower case."""
        bare = token.removeprefix(MARK)
        for form in (token, bare, bare.lower()):
            if form in self._rows:
                vector: NDArray[np.float32] = self.matrix[self._rows[form]]
                return vector
        return None

    @property
    def matrix(self) -> NDArray[np.float32]:
        """All rows `(rows, D)`."""
        return np.frombuffer(self._numbers, "<f4").reshape(-1, self._width)

    def add(self, number: int, token: bytes, numbers: bytes) -> None:
        """Add a row, or count why it is skipped."""
        self.report.rows += 1
        try:
            name = token.decode("utf-8")
        except UnicodeDecodeError:  # word2vec.c truncates long words by bytes, even within a character
            name = token.decode("utf-8", "replace")
            self.report.broken += 1
            self.report.first_broken = self.report.first_broken or number
        self.report.spaced += " " in name
        if not name:
            self.report.unnamed += 1
        elif name in self._rows:
            self.report.repeated += 1
        else:
            self._rows[name] = len(self._rows)
            self._numbers += numbers


def read_pretrained(path: Path, width: int, field: str) -> PretrainedVectors:
    """Read the vectors in `path`, the value of the recipe's `field`, decompressing gzip.

    Rows are read to the end of the file, whatever its first line says. The first row of a repeated token counts.

    Raises:
        UserError: the file is missing, empty, malformed or damaged, or its vectors are not `width` numbers wide.
    """

    def refuse(what: str) -> UserError:
        return UserError(f"{field}: {path} {what}")

    if not path.is_file():
        raise refuse("is not a file: correct the path")
    try:
        vectors = _read(path, read_head(path), width)
    except MalformedVectors as error:
        raise refuse(str(error)) from None
    except (OSError, EOFError, zlib.error, MemoryError) as error:
        raise refuse("ends too early or is damaged: fetch or export it again") from error
    if not np.isfinite(vectors.matrix).all():
        raise refuse("holds numbers that are infinite or no numbers: remove those rows")
    return vectors


def _read(path: Path, head: Head, width: int) -> PretrainedVectors:
    if head.width != width:
        raise MalformedVectors(
            f"has vectors of width {head.width}, the recipe {width}: set vectors.width to {head.width}"
        )
    vectors = PretrainedVectors(width, head.promised)
    for row in read_rows(path, head):
        vectors.add(*row)
    if not vectors.report.rows:
        raise MalformedVectors("has a first line and no vectors behind it: fetch or export it again")
    return vectors
