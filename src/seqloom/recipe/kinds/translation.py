"""Translation: a text in another language."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqloom.recipe.kinds.kind import Kind
from seqloom.recipe.kinds.measure import Measure

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe


def _contradictions(recipe: "Recipe") -> Iterator[str]:
    if recipe.corpus.format == "texts":
        yield "corpus.format texts has no translations: set task to reconstruction, or give a table"
    if recipe.model.decoder == "classifier":
        yield "model.decoder classifier answers with a label, not a translation: set task to sentiment"


TRANSLATION = Kind(
    name="translation",
    rows="pairs",
    answer="text",
    measures=(
        Measure("bleu", "BLEU"),
        Measure("chrf", "chrF"),
        Measure("ter", "TER", rises=False, judged=False),  # a baseline's may pass 100, where pictures end
        Measure("perplexity", "perplexity", "plain", rises=False, judged=False),  # of vocabularies that may differ
        Measure("accuracy", "token accuracy", "share", judged=False),
    ),
    metric="chrf",
    baselines={"nearest": "nearest training source", "copy": "copied source"},
    pictures={"scores.png": "scores", "chrf_by_length.png": "chrF by length", "lengths.png": "lengths of the answers"},
    contradictions=_contradictions,
)
