"""Training objectives: the target of a pair, the whole pair, a label, or masked tokens of the source."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from seqloom.dataset.sequences import Ids, Sequences

if TYPE_CHECKING:
    from seqloom.recipe.schema import ModelSection

BatchLayout = Literal["pairs", "texts", "labels", "masked"]


def layout_of(model: "ModelSection", objective: str = "sequence") -> BatchLayout:
    """Return the layout of the batches that a model is trained on."""
    if objective == "masked":
        return "masked"
    if model.decoder == "classifier":
        return "labels"
    return "texts" if model.encoder == "none" else "pairs"


class Joined(Sequences):
    """Concatenation of each source and its target, as one text of a language model."""

    def __init__(self, source: Sequences, target: Sequences) -> None:
        super().__init__(target.ids, target.offsets)
        self.source = source

    def __getitem__(self, index: int) -> Ids:
        return np.concatenate([self.source[index], super().__getitem__(index)])

    @property
    def tokens(self) -> int:
        """Return the number of tokens in all texts."""
        return self.source.tokens + super().tokens

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Return the number of tokens in each text, `(N,)`."""
        return self.source.lengths + super().lengths

    def lengths_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of tokens in each of these texts."""
        return self.source.lengths_of(rows) + super().lengths_of(rows)
