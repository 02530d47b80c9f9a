"""Features of the rows of a batch, padded.

B batch, R frames of a row, F features of a frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqloom.corpus.framed_text import FramedIds, Frames


@dataclass(frozen=True)
class PaddedFrames:
    """Frames of a batch, padded on the right with zeros."""

    values: Tensor  # (B, R, F)
    mask: Tensor  # (B, R), True where a frame is real

    def to(self, device: torch.device) -> "PaddedFrames":
        """Return the frames on another device."""
        return PaddedFrames(self.values.to(device, non_blocking=True), self.mask.to(device, non_blocking=True))


def pad_frames(rows: Sequence[Frames]) -> PaddedFrames:
    """Pad the frames of rows."""
    longest = max(len(frames) for frames in rows)
    values = np.zeros((len(rows), longest, rows[0].shape[1]), np.float32)
    mask = np.zeros((len(rows), longest), np.bool_)
    for row, frames in enumerate(rows):
        values[row, : len(frames)], mask[row, : len(frames)] = frames, True
    return PaddedFrames(torch.from_numpy(values), torch.from_numpy(mask))


def frames_of_sources(sources: Sequence[Sequence[int]]) -> PaddedFrames | None:
    """Return the frames that come with token ids; None if none do."""
    framed = [source.frames for source in sources if isinstance(source, FramedIds)]
    return pad_frames(framed) if framed else None
