"""The recipe: its fields and all rules between them.

The same class is the YAML file, the parameter of the Prefect flow (so its UI draws the form from these titles and
descriptions) and what MLflow logs.
"""

from typing import Self

from pydantic import model_validator

from seqloom.recipe.applications import application_of
from seqloom.recipe.recipe_fields import RecipeFields
from seqloom.recipe.recipe_rules import recipe_errors
from seqloom.recipe.sections.corpus_section import CorpusSection
from seqloom.recipe.sections.decoding_section import DecodingSection
from seqloom.recipe.sections.evaluation_section import EvaluationSection
from seqloom.recipe.sections.model_section import ModelSection
from seqloom.recipe.sections.pretraining_section import PretrainingSection
from seqloom.recipe.sections.registry_section import RegistrySection
from seqloom.recipe.sections.serving_section import ServingSection
from seqloom.recipe.sections.teaching_section import TeachingSection
from seqloom.recipe.sections.training_section import TrainingSection
from seqloom.recipe.sections.vectors_section import VectorsSection
from seqloom.recipe.sections.vocabulary_section import VocabularySection

__all__ = [
    "CorpusSection",
    "DecodingSection",
    "EvaluationSection",
    "ModelSection",
    "PretrainingSection",
    "Recipe",
    "RegistrySection",
    "ServingSection",
    "TeachingSection",
    "TrainingSection",
    "VectorsSection",
    "VocabularySection",
]


class Recipe(RecipeFields):
    """Everything that decides what is made."""

    @model_validator(mode="after")
    def _sections_agree(self) -> Self:
        for sentence in (*application_of(self.task).errors_in(self), *recipe_errors(self)):
            raise ValueError(sentence)
        return self
