"""The fields of a recipe: one flat, frozen section per stage, without the rules between the sections.

Nested models and `Literal` fields render as forms and drop-downs in Prefect's UI; unions would not, so there are none.
"""

from typing import Literal

from pydantic import Field, field_validator

from seqloom.recipe.form_fields import NAME
from seqloom.recipe.renamed_fields import TASKS
from seqloom.recipe.sections.corpus_section import CorpusSection
from seqloom.recipe.sections.decoding_section import DecodingSection
from seqloom.recipe.sections.evaluation_section import EvaluationSection
from seqloom.recipe.sections.model_section import ModelSection
from seqloom.recipe.sections.pretraining_section import PretrainingSection
from seqloom.recipe.sections.registry_section import RegistrySection
from seqloom.recipe.sections.section import Section
from seqloom.recipe.sections.serving_section import ServingSection
from seqloom.recipe.sections.teaching_section import TeachingSection
from seqloom.recipe.sections.training_section import TrainingSection
from seqloom.recipe.sections.vectors_section import VectorsSection
from seqloom.recipe.sections.vocabulary_section import VocabularySection


class RecipeFields(Section):
    """All sections of a recipe; the rules between them are typed on it."""

    name: str = Field(pattern=f"^{NAME}$", description="Name of the registered model: letters, digits, . _ -")
    task: Literal[
        "translation", "summarization", "sentiment", "reconstruction", "chat", "generation", "transduction"
    ] = Field(
        "translation",
        description="What the target is: a translation of the source, a summary of it, a label for it "
        "(sentiment), the source itself (reconstruction), the reply to it (chat), or another spelling of it "
        "(transduction), such as the sounds of a word. generation: a language model, whose text continues "
        "itself.",
    )
    corpus: CorpusSection
    vocabulary: VocabularySection = VocabularySection()
    vectors: VectorsSection = VectorsSection()
    model: ModelSection = ModelSection()
    teaching: TeachingSection = TeachingSection()
    pretraining: PretrainingSection = PretrainingSection()
    training: TrainingSection = TrainingSection()
    decoding: DecodingSection = DecodingSection()
    evaluation: EvaluationSection = EvaluationSection()
    registry: RegistrySection = RegistrySection()
    serving: ServingSection = ServingSection()

    @field_validator("task", mode="before")
    @classmethod
    def _task_synonym(cls, task: object) -> object:
        return TASKS.get(task, task) if isinstance(task, str) else task
