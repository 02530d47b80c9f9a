"""Features of a row: a vector or a sequence of vectors (frames), such as of speech or an image, beside its text.

R frames of a row, F features of a frame.
"""

from collections.abc import Sequence
from decimal import Decimal
from numbers import Real
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from seqloom.corpus.feature_array import FeatureArray
from seqloom.errors import UserError

Frames = NDArray[np.float32]
"""The features of a row, `(R, F)`; a single vector is one frame."""

FEATURES = "features"  # column of a request
MOST_FRAMES = 10_000  # of a row


class FramedText(str):
    """A text with the frames of its row: a string to all that read text alone."""

    __slots__ = ("frames",)
    frames: Frames

    @classmethod
    def of(cls, text: str, frames: Frames) -> "FramedText":
        """Return the text with its frames."""
        framed = cls(text)
        framed.frames = frames
        return framed


class FramedIds(list[int]):
    """Token ids of a source, with the frames of its row."""

    def __init__(self, ids: Sequence[int], frames: Frames) -> None:
        super().__init__(ids)
        self.frames = frames


def frames_of(value: object, width: int, row: str) -> Frames:
    """Return features as frames; `width` is what they must have, 0 if any will do, and `row` names the row.

    Raises:
        UserError: they are no vector or sequence of vectors of that width, or hold NaN or infinity.
    """
    if value is None:
        raise UserError(f"{row} has no features: give it a vector or a list of vectors")
    try:
        with np.errstate(over="ignore"):  # infinity, which is refused below
            frames = np.asarray(_numbers(value), dtype=np.float32)
    except (TypeError, ValueError, OverflowError):
        raise UserError(f"{row}: features are a vector of numbers, or a list of vectors of one width") from None
    frames = frames[None] if frames.ndim == 1 else frames
    if frames.ndim != 2 or not frames.size:
        raise UserError(f"{row}: features are a vector of numbers, or a list of vectors of one width, and not empty")
    if width and frames.shape[1] != width:
        raise UserError(f"{row}: features are {frames.shape[1]} wide where {width} are expected; give {width} of them")
    if len(frames) > MOST_FRAMES:
        raise UserError(f"{row}: {len(frames):,} vectors of features, {MOST_FRAMES:,} at most; take fewer")
    if not np.isfinite(frames).all():
        raise UserError(f"{row}: features hold NaN or infinity; give finite numbers")
    return frames


def _numbers(value: object) -> NDArray[Any]:
    """Return a vector or list of vectors as an array; NumPy would read text as numbers, and drop imaginary parts.

    Raises:
        TypeError, ValueError: it holds others than real numbers, or is of several widths.
    """
    if not isinstance(value, np.ndarray | list | tuple):
        raise TypeError
    if not isinstance(value, np.ndarray) or value.dtype.kind == "O":
        value = np.asarray([each.tolist() if isinstance(each, np.ndarray) else each for each in value])
    if value.dtype.kind not in "iufbO":
        raise TypeError
    if value.dtype.kind == "O" and not all(each is None or isinstance(each, Real | Decimal) for each in value.flat):
        raise TypeError  # a missing number becomes NaN, which has a sentence of its own
    return value


def request_columns(texts: Sequence[str]) -> dict[str, list[object]]:
    """Return texts as the columns of a request: `source`, and `features` if they have frames."""
    framed = [text.frames.tolist() for text in texts if isinstance(text, FramedText)]
    return {"source": [str(text) for text in texts], **({FEATURES: framed} if framed else {})}


def framed_row(row: object, width: int, number: str) -> "FramedText":
    """Return the text and features of a request's row, a mapping of `source` and `features`; `number` names the row.

    Raises:
        UserError: it has no features, or others than the model reads.
    """
    if isinstance(row, FramedText):
        return FramedText.of(row, frames_of(row.frames, width, number))
    if not isinstance(row, dict) or "features" not in row:
        raise UserError(f"{number} has no features: this model reads {width} numbers a vector beside the text")
    text = row.get("source")
    return FramedText.of(text if isinstance(text, str) else "", frames_of(row["features"], width, number))


def read_frames(path: Path, width: int, texts: Sequence[str] | None) -> list[FramedText]:
    """Return texts with the features of each, from a file that `numpy.save` or `numpy.savez` wrote.

    Without texts the features stand alone.

    Raises:
        UserError: the file cannot be read, or holds others, or another number of them.
    """
    rows = FeatureArray(path, "--features")
    if texts is None:
        texts = [""] * len(rows)
    rows.check_rows(len(texts), "texts")
    return [FramedText.of(text, frames_of(rows[row], width, f"{path} row {row + 1}")) for row, text in enumerate(texts)]
