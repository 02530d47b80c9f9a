"""Frames of features in front of the embedded tokens of a source.

B batch, R frames, S source length, F features of a frame, E embedding width.
"""

import torch
from torch import Tensor, nn

from seqloom.dataset.padded_frames import PaddedFrames


class FrameProjection(nn.Module):
    """Linear map of frames, scaled by the training split's mean and deviation, to the width of embeddings.

    The encoder reads them as tokens in front of the text, so that positions, masks and attention are those of any
    sequence; the bias of the map tells frames from tokens.
    """

    mean: Tensor  # (F,)
    deviation: Tensor  # (F,)

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.features, self.scale = features, width**-0.5  # embeddings have a norm of about one
        self.linear = nn.Linear(features, width)
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))

    def join(self, frames: PaddedFrames, embedded: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return the frames followed by the embedded tokens `(B, S, E)`, `(B, R + S, E)`, and their mask `(B, R + S)`.

        Each row's padding is moved behind all that is real, as encoders expect.
        """
        projected = self.linear((frames.values - self.mean) / self.deviation) * self.scale
        both = torch.cat([projected.to(embedded.dtype), embedded], dim=1)
        real = torch.cat([frames.mask, mask], dim=1)
        order = (~real).to(torch.int8).argsort(dim=1, stable=True)
        width = int(real.sum(dim=1).max()) if not real.is_meta else real.shape[1]
        order = order[:, :width]
        return both.gather(1, order.unsqueeze(2).expand(-1, -1, both.shape[2])), real.gather(1, order)
