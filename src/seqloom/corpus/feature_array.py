"""A NumPy file with the features of each row of a text: read from the disk row by row, never unpickled.

N rows, R frames of a row, F features of a frame.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.artifact.input_file import require_file
from seqloom.errors import UserError


class FeatureArray:
    """The features of each row: an array `(N, F)` or `(N, R, F)` of a .npy file, or the N arrays of a .npz file."""

    def __init__(self, path: Path, field: str) -> None:
        """Open a file; a .npy file is mapped into memory, and each array of a .npz file read when it is asked for.

        Raises:
            UserError: it is no file, none of the two, or holds objects; `field` is what to correct.
        """
        self.path = path
        require_file(path, f"correct {field}")
        try:
            self._rows: Any = np.load(path, mmap_mode="r", allow_pickle=False)
            if isinstance(self._rows, np.ndarray) and not self._rows.ndim:
                raise ValueError("a single number")
        except Exception as error:  # whatever NumPy and zipfile raise of a damaged file, to want of memory
            raise self._no_numbers(error, field) from None
        self._field = field
        self._names = [] if isinstance(self._rows, np.ndarray) else self._rows.files

    def __len__(self) -> int:
        return len(self._names or self._rows)

    def __getitem__(self, row: int) -> NDArray[Any]:
        """Return the features of a row, counted from 0.

        Raises:
            UserError: the array of the row is damaged, encrypted or larger than the memory, or holds objects.
        """
        try:
            found: NDArray[Any] = self._rows[self._names[row] if self._names else row]
        except Exception as error:  # likewise
            raise self._no_numbers(error, self._field) from None
        return found

    def check_rows(self, rows: int, texts: str) -> None:
        """Raise UserError unless there are features of so many rows; `texts` names what has them."""
        if len(self) != rows:
            raise UserError(f"{self.path}: features of {len(self):,} rows for {rows:,} {texts}; give as many")

    def _no_numbers(self, error: Exception, field: str) -> UserError:
        return UserError(f"{self.path}: is no .npy or .npz file of numbers ({str(error)[:100]}); correct {field}")
