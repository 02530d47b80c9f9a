"""What is predicted of a pair: its target, the whole of it, a label, or hidden tokens of its source."""

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from seqloom.dataset.sequences import Ids, Sequences

if TYPE_CHECKING:
    from seqloom.recipe.schema import Model

Form = Literal["pairs", "texts", "labels", "masked"]


def form_of(model: "Model", objective: str = "sequence") -> Form:
    """The form that a model learns from."""
    if objective == "masked":
        return "masked"
    if model.decoder == "classifier":
        return "labels"
    return "texts" if model.encoder == "none" else "pairs"


class Joined(Sequences):
    """Each source with its target behind it: one text to a language model, which reads on from any beginning of it."""

    def __init__(self, source: Sequences, target: Sequences) -> None:
        super().__init__(target.ids, target.offsets)
        self.source = source

    def __getitem__(self, index: int) -> Ids:
        return np.concatenate([self.source[index], super().__getitem__(index)])

    @property
    def tokens(self) -> int:
        """Tokens in all texts."""
        return self.source.tokens + super().tokens

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Tokens in each text, `(N,)`."""
        return self.source.lengths + super().lengths

    def lengths_of(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Tokens in each of these texts."""
        return self.source.lengths_of(rows) + super().lengths_of(rows)
