"""What a recipe may say: one flat, frozen section per stage.

The same classes are the YAML file, the parameter of the Prefect flow (so its UI draws the form from these titles and
descriptions) and what MLflow logs. Nested models and `Literal` fields render as forms and drop-downs there; unions
would not, so there are none.
"""

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from seqloom.recipe.applications import application_of
from seqloom.recipe.model_rules import AUTO, ctranslate2_obstacles, mistaken_places
from seqloom.recipe.renamed_fields import TASKS
from seqloom.recipe.sections.corpus_section import Corpus
from seqloom.recipe.sections.decoding_section import Decoding
from seqloom.recipe.sections.evaluation_section import Evaluation
from seqloom.recipe.sections.model_section import Model
from seqloom.recipe.sections.registry_section import Registry
from seqloom.recipe.sections.section import Section
from seqloom.recipe.sections.serving_section import Serving
from seqloom.recipe.sections.training_section import Training
from seqloom.recipe.sections.vectors_section import Vectors
from seqloom.recipe.sections.vocabulary_section import Vocabulary
from seqloom.recipe.serialization import NAME

__all__ = [
    "Corpus",
    "Decoding",
    "Evaluation",
    "Model",
    "Recipe",
    "Registry",
    "Serving",
    "Training",
    "Vectors",
    "Vocabulary",
]


class Recipe(Section):
    """Everything that decides what is made."""

    name: str = Field(pattern=f"^{NAME}$", description="Name of the registered model: letters, digits, . _ -")
    task: Literal["translation", "summarization", "sentiment", "reconstruction", "chat", "generation"] = Field(
        "translation",
        description="What the target is to the source: a translation or a summary of it, a label for it, the source "
        "itself, or the reply to it. generation has no source: its text goes on from itself.",
    )
    corpus: Corpus
    vocabulary: Vocabulary = Vocabulary()
    vectors: Vectors = Vectors()
    model: Model = Model()
    training: Training = Training()
    decoding: Decoding = Decoding()
    evaluation: Evaluation = Evaluation()
    registry: Registry = Registry()
    serving: Serving = Serving()

    @field_validator("task", mode="before")
    @classmethod
    def _task_by_another_name(cls, task: object) -> object:
        return TASKS.get(task, task) if isinstance(task, str) else task

    @model_validator(mode="after")
    def _goes_with_the_task(self) -> Self:
        for mistake in application_of(self.task).mistakes_in(self):
            raise ValueError(mistake)
        return self

    @model_validator(mode="after")
    def _an_encoder_learns(self) -> Self:
        if self.model.encoder == "none":
            remedy = "remove it, or set model.encoder to another kind"
            if self.training.objective == "masked":
                raise ValueError(f"training.objective masked trains an encoder, and there is none: {remedy}")
            if self.training.start_encoder_from:
                raise ValueError(f"training.start_encoder_from starts an encoder, and there is none: {remedy}")
        return self

    @model_validator(mode="after")
    def _places_hold_what_is_asked_for(self) -> Self:
        for mistake in mistaken_places(self):
            raise ValueError(mistake)
        return self

    @model_validator(mode="after")
    def _a_form_fits(self) -> Self:
        if self.registry.form.startswith("ctranslate2"):
            for reason in ctranslate2_obstacles(self):
                raise ValueError(f"registry.form {self.registry.form} cannot run this model: {reason}; set it to torch")
        return self

    @model_validator(mode="after")
    def _source_tokens_are_target_tokens(self) -> Self:
        if not self.vocabulary.shared and self.vocabulary.kind != AUTO:
            remedy = "set vocabulary.shared to true"
            if self.model.encoder == "none":
                raise ValueError(f"model.encoder none reads the source and the target as one text: {remedy}")
            if self.model.copy_attention:
                raise ValueError(f"model.copy_attention writes source tokens as target tokens: {remedy}")
        return self
