"""Normal distribution of a model's fixed-length vectors of texts, to sample new vectors from.

N texts, D memory width, R directions in which the texts differ: fewer than N, and D at most.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from seqloom.artifact.damaged_folder import damage_reported
from seqloom.errors import UserError

SPACE_FILE = "vector_space.safetensors"
_FLAT = 1e-5  # of the widest deviation: below that is rounding


@dataclass(frozen=True)
class VectorSpace:
    """Normal distribution with the mean and the covariance of the vectors of texts.

    An encoder that was trained to reconstruct and nothing else uses a thin part of its D dimensions, and no prior says
    which. Standard normal noise, or a variance for each number by itself, would nearly always miss that part, and the
    decoder has never seen what lies outside; drawn with the covariance, a vector lies among those of the texts.
    """

    mean: Tensor  # (D,)
    axes: Tensor  # (R, D), each as long as its standard deviation

    @classmethod
    def of(cls, vectors: Tensor) -> Self:
        """Fit the distribution of vectors `(N, D)`."""
        vectors = vectors.double()
        mean = vectors.mean(dim=0)
        apart = vectors - mean
        _, lengths, directions = torch.linalg.svd(apart / max(1, len(vectors) - 1) ** 0.5, full_matrices=False)
        kept = lengths > max(float(lengths[0]) * _FLAT, torch.finfo(torch.float32).tiny)
        return cls(mean.float(), (lengths[kept, None] * directions[kept]).float())  # the widest first

    def draw(self, count: int, seed: int) -> Tensor:
        """Draw random vectors, `(count, D)`; the first ones are the same whatever the count."""
        random = torch.Generator().manual_seed(seed)
        noise = torch.stack([torch.randn(len(self.axes), generator=random) for _ in range(count)])
        return self.mean + noise @ self.axes

    def save(self, folder: Path) -> None:
        """Write the distribution to the folder of a checkpoint."""
        save_file({"mean": self.mean, "axes": self.axes}, folder / SPACE_FILE)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote.

        Raises:
            UserError: there is none.
        """
        if not (folder / SPACE_FILE).is_file():
            raise UserError(f"{folder}: {SPACE_FILE} is missing, so nobody knows where to draw from: train it again")
        with damage_reported(folder):
            return cls(**load_file(folder / SPACE_FILE))
