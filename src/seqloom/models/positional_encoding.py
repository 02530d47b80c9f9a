"""Positional encodings: sinusoidal, learned and rotary.

B batch, T length, D width, H heads, K width of a head (D / H).
"""

import math

import torch
from torch import Tensor, nn

from seqloom.errors import UserError
from seqloom.models.initialization import normal_


class SinusoidalPositions(nn.Module):
    """Sinusoids of geometric wavelengths, 2 π to 20,000 π.  Vaswani et al. 2017, https://arxiv.org/abs/1706.03762."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.register_buffer("table", sinusoids(64, width), persistent=False)

    def forward(self, inputs: Tensor, first: int) -> Tensor:
        """Add positions to inputs `(B, T, D)`, the first of which is at position `first`."""
        end = first + inputs.shape[1]
        table = self.table  # another thread may assign a shorter one
        if end > len(table):  # doubled, so that it seldom grows
            table = self.table = sinusoids(2 * end, self.width).to(table)
        return inputs + table[first:end]

    table: Tensor


class LearnedPositions(nn.Module):
    """Learned vector per position (Gehring et al. 2017), for texts of at most that many tokens."""

    def __init__(self, max_positions: int, width: int) -> None:
        super().__init__()
        self.table = nn.Parameter(normal_(torch.empty(max_positions, width), width**-0.5))

    def forward(self, inputs: Tensor, first: int) -> Tensor:
        """Add positions to inputs `(B, T, D)`, the first of which is at position `first`.

        Raises:
            UserError: there are fewer positions than tokens.
        """
        end = first + inputs.shape[1]
        if end > len(self.table):
            raise UserError(
                f"a text of {end} tokens does not fit the {len(self.table)} places of model.max_positions: raise it, "
                "lower corpus.max_characters, or set model.positions to sinusoidal or rotary"
            )
        return inputs + self.table[first:end]


def build_positions(kind: str, max_positions: int, width: int) -> nn.Module | None:
    """Return the module that adds positions of this kind to inputs of `width`; None for rotary ones."""
    match kind:
        case "sinusoidal":
            return SinusoidalPositions(width)
        case "learned":
            return LearnedPositions(max_positions, width)
        case _:
            return None


def sinusoids(length: int, width: int) -> Tensor:
    """Return sin(position × frequency) in the even columns and cos in the odd ones, `(length, width)`."""
    if torch.get_default_device().type == "meta":  # where arithmetic would load torch's compiler, a second or two
        return torch.empty(length, width)
    frequencies = torch.exp(torch.arange(0, width, 2) * (-math.log(10_000.0) / width))
    angles = torch.arange(length).unsqueeze(1) * frequencies  # (length, ceil(width / 2))
    return torch.stack([angles.sin(), angles.cos()], dim=2).flatten(1)[:, :width]


def rotate(heads: Tensor, positions: Tensor) -> Tensor:
    """Rotate queries or keys `(B, H, T, K)` by their positions `(T,)`: dot products depend on distances alone.

    Su et al. 2021, https://arxiv.org/abs/2104.09864; halves are paired, as in GPT-NeoX.
    """
    half = heads.shape[3] // 2
    frequencies = torch.exp(torch.arange(half, device=heads.device) * (-math.log(10_000.0) / half))
    angles = positions.unsqueeze(1) * frequencies  # (T, K / 2)
    cosine, sine = angles.cos().to(heads.dtype), angles.sin().to(heads.dtype)
    left, right = heads[..., :half], heads[..., half:]
    return torch.cat([left * cosine - right * sine, right * cosine + left * sine], dim=3)
