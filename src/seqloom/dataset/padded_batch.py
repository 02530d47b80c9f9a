"""Padded batches of token ids.

B batch, S source length, T target length.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from seqloom.dataset.padded_frames import PaddedFrames
from seqloom.dataset.sequences import Ids
from seqloom.errors import UserError
from seqloom.vocabulary.special_tokens import END, PADDING, START


@dataclass(frozen=True)
class Batch:
    """Batch of sentence pairs, padded on the right."""

    source: Tensor  # (B, S) the source and END
    target_input: Tensor  # (B, T) START and the target
    target_output: Tensor  # (B, T) the target and END: what is to be predicted
    tokens: int  # of target_output, padding not counted
    frames: PaddedFrames | None = None  # in front of the source

    def to(self, device: torch.device) -> "Batch":
        """Return the batch on another device."""
        return Batch(
            self.source.to(device, non_blocking=True),
            self.target_input.to(device, non_blocking=True),
            self.target_output.to(device, non_blocking=True),
            self.tokens,
            self.frames.to(device) if self.frames else None,
        )


def padding_mask(ids: Tensor) -> Tensor:
    """Return the mask of ids `(…)`: True where a token is real, False where it is padding."""
    return ids != PADDING


def make_labeled_batch(sources: Sequence[Ids], labels: Sequence[Ids]) -> Batch:
    """Pad sources, each with a label of one token; no END is predicted after it.

    Raises:
        UserError: a label is more than one token.
    """
    wrong = next((label for label in labels if len(label) != 1), None)
    if wrong is not None:
        raise UserError(
            f"a label of {len(wrong)} tokens is no class: set vocabulary.kind to word and write labels as one word each"
        )
    output = torch.from_numpy(np.stack(labels).astype(np.int64))  # (B, 1)
    return Batch(pad_sources(sources), torch.full_like(output, START), output, len(labels))


def make_batch(sources: Sequence[Ids | list[int]], targets: Sequence[Ids | list[int]]) -> Batch:
    """Pad pairs of id sequences, with START and END added."""
    return Batch(
        pad_sources(sources),
        _pad(targets, before=START),
        _pad(targets, after=END),
        sum(len(target) + 1 for target in targets),
    )


def pad_sources(sources: Sequence[Ids | list[int]]) -> Tensor:
    """Pad id sequences, with END added, to `(B, S)` int64."""
    return _pad(sources, after=END)


def _pad(
    sequences: Sequence[Ids | list[int]],
    before: int | None = None,
    after: int | None = None,
) -> Tensor:
    start = int(before is not None)
    width = max(len(sequence) for sequence in sequences) + 1
    padded = np.full((len(sequences), width), PADDING, dtype=np.int64)
    if before is not None:
        padded[:, 0] = before
    for row, sequence in zip(padded, sequences, strict=True):
        end = start + len(sequence)
        row[start:end] = np.asarray(sequence)
        if after is not None:
            row[end] = after
    return torch.from_numpy(padded)
