"""Summarisation: what a document says, in fewer words of the same language."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqloom.recipe.kinds.kind import Kind
from seqloom.recipe.kinds.measure import Measure
from seqloom.recipe.languages import same_language

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe


def _contradictions(recipe: "Recipe") -> Iterator[str]:
    if recipe.model.decoder == "classifier":
        yield "model.decoder classifier answers with a label, not a summary: set task to sentiment"
    source, target = recipe.corpus.source_language, recipe.corpus.target_language
    if not same_language(source, target):
        yield (
            f"task summarisation writes in the language of the text, and corpus.source_language is {source or 'empty'} "
            f"where corpus.target_language is {target or 'empty'}: set both to one language"
        )


SUMMARISATION = Kind(
    name="summarisation",
    rows="documents",
    answer="text",
    measures=(
        Measure("rouge1", "ROUGE-1"),
        Measure("rouge2", "ROUGE-2"),
        Measure("rougeL", "ROUGE-L"),
        Measure("length_ratio", "length", "share", judged=False),
        Measure("repetition", "repeated", "share", rises=False, judged=False),
        Measure("new_words", "new words", "share", judged=False),
    ),
    metric="rougeL",
    baselines={"lead": "lead sentence", "nearest": "nearest training source"},
    pictures={
        "scores.png": "scores",
        "rouge_by_length.png": "ROUGE-L by length of the document",
        "lengths.png": "lengths of the summaries",
    },
    contradictions=_contradictions,
)
