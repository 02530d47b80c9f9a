"""The section `evaluation` of a recipe."""

from typing import Literal

from pydantic import Field

from seqloom.recipe.sections.section import Section


class Evaluation(Section):
    """What is reported."""

    metric: Literal["bleu", "chrf"] = Field("chrf", description="The figure a version is judged by.")
    examples: int = Field(5, ge=0, le=1000, description="Held-out examples shown at the end.")
