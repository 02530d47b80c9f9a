"""The section `model` of a recipe: its fields and the rules between them."""

from typing import Self

from pydantic import model_validator

from seqloom.recipe.model_rules import model_errors
from seqloom.recipe.sections.model_fields import ModelFields


class ModelSection(ModelFields):
    """The architecture."""

    @model_validator(mode="after")
    def _can_be_built(self) -> Self:
        for sentence in model_errors(self):
            raise ValueError(sentence)
        return self
