"""The section `pretraining` of a recipe."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from seqloom.recipe.sections.section import Section
from seqloom.recipe.sections.source_section import Place


class PretrainingSection(Section):
    """Raw text from which the encoder learns before it is trained."""

    corpus: Annotated[list[Place], Field(max_length=50)] = Field(
        [],
        description="Raw text in the language of the sources, a text on each line, each place as in corpus.train: the "
        "encoder learns from it and from the training sources to fill in masked tokens (BERT), and its source "
        "vocabulary is learned there. Empty: no pretraining.",
    )
    epochs: int = Field(0, ge=0, le=100_000, description="Passes over the raw text at most; 0: chosen from its amount.")

    @model_validator(mode="after")
    def _epochs_need_text(self) -> Self:
        if self.epochs and not self.corpus:
            raise ValueError(
                "epochs are passes over raw text, and there is none: name it in corpus, or set epochs to 0"
            )
        return self
