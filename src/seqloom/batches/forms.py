"""What is predicted of a pair, which depends on the architecture: its target, the whole of it, or a label."""

from typing import TYPE_CHECKING, Literal

import numpy as np

from seqloom.batches.sequences import Ids, Sequences

if TYPE_CHECKING:
    from seqloom.recipe.schema import Model

Form = Literal["pairs", "texts", "labels"]


def form_of(section: "Model") -> Form:
    """The form a model learns from."""
    if section.decoder == "classifier":
        return "labels"
    return "texts" if section.encoder == "none" else "pairs"


class Joined(Sequences):
    """Each source with its target behind it: one text to a language model, which reads on from any beginning of it."""

    def __init__(self, source: Sequences, target: Sequences) -> None:
        self.source = source
        self.target = target
        super().__init__(target.ids, source.offsets + target.offsets)

    def __getitem__(self, index: int) -> Ids:
        return np.concatenate([self.source[index], self.target[index]])

    def release(self) -> None:
        """Give the pages of both sides back."""
        self.source.release()
        self.target.release()
