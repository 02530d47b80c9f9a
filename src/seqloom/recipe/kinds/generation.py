"""Generation: text that goes on from a prompt, or from nothing, as the text it learned from would."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqloom.recipe.architecture import AUTO
from seqloom.recipe.kinds.kind import Kind
from seqloom.recipe.kinds.measure import Measure

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe


def _contradictions(recipe: "Recipe") -> Iterator[str]:
    if recipe.model.encoder not in ("none", AUTO):
        yield (
            f"task generation has no source for the encoder {recipe.model.encoder} to read, its text goes on from "
            "itself: set model.encoder to none"
        )


GENERATION = Kind(
    name="generation",
    rows="passages",
    answer="continuation",
    running=True,
    measures=(
        Measure("word_perplexity", "perplexity a word", "plain", rises=False),
        Measure("character_perplexity", "perplexity a character", "plain", rises=False),
        Measure("perplexity", "perplexity a token", "plain", rises=False, judged=False),
        Measure("distinct1", "distinct words", "share", judged=False),
        Measure("distinct2", "distinct pairs", "share", judged=False),
    ),
    metric="word_perplexity",
    baselines={"kneser_ney": "Kneser-Ney 5-gram"},
    pictures={
        "scores.png": "perplexities",
        "perplexity_by_passage.png": "perplexity by passage, in the order of the text",
    },
    contradictions=_contradictions,
)
