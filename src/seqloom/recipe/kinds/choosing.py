"""Which kind of task a recipe names."""

from typing import TYPE_CHECKING

from seqloom.recipe.kinds.chat import CHAT
from seqloom.recipe.kinds.generation import GENERATION
from seqloom.recipe.kinds.kind import Kind
from seqloom.recipe.kinds.measure import Measure
from seqloom.recipe.kinds.reconstruction import RECONSTRUCTION
from seqloom.recipe.kinds.sentiment import SENTIMENT
from seqloom.recipe.kinds.summarisation import SUMMARISATION
from seqloom.recipe.kinds.translation import TRANSLATION

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe

KINDS = {kind.name: kind for kind in (TRANSLATION, SUMMARISATION, SENTIMENT, RECONSTRUCTION, CHAT, GENERATION)}


def kind_of(task: str) -> Kind:
    """The kind that `task` of a recipe means."""
    return KINDS[task]


def judged_by(recipe: "Recipe") -> Measure:
    """The score that judges a version of the recipe, checked or read."""
    kind = kind_of(recipe.task)
    metric = recipe.evaluation.metric
    return kind.judged[kind.metric if metric == "auto" else metric]
