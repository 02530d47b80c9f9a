"""Chat: the next turn of a conversation."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqloom.recipe.kinds.kind import Kind
from seqloom.recipe.kinds.measure import Measure
from seqloom.recipe.languages import same_language

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe


def _contradictions(recipe: "Recipe") -> Iterator[str]:
    section = recipe.corpus
    if not section.turns:
        yield "task chat needs corpus.turns, how many turns before it a reply may look back to: set it, such as to 3"
    if section.format in ("po", "mo", "labelled"):
        yield f"corpus.format {section.format} holds no dialogues: set it to texts for lines of turns, or give a table"
    if section.by_heart:
        yield "corpus.by_heart holds no dialogue out to be tested on: remove it"
    if recipe.model.decoder == "classifier":
        yield "model.decoder classifier answers with a label, not a reply: set task to sentiment"
    if recipe.training.objective == "masked":
        yield "training.objective masked writes no replies: set it to sequence"
    source, target = section.source_language, section.target_language
    if not same_language(source, target):
        yield (
            f"task chat replies in the language it is asked in, and corpus.source_language is {source or 'empty'} "
            f"where corpus.target_language is {target or 'empty'}: set both to one language"
        )


CHAT = Kind(
    name="chat",
    rows="replies",
    answer="text",
    measures=(
        Measure("bleu", "BLEU"),
        Measure("chrf", "chrF"),
        Measure("perplexity", "perplexity", "plain", rises=False, judged=False),  # of vocabularies that may differ
        Measure("distinct1", "distinct-1", "share", judged=False),
        Measure("distinct2", "distinct-2", "share", judged=False),
        Measure("different", "different", "share", judged=False),
    ),
    metric="chrf",
    baselines={"nearest": "nearest question"},
    pictures={
        "scores.png": "scores",
        "diversity.png": "how much the replies vary, beside those of people",
        "lengths.png": "lengths of the replies",
    },
    contradictions=_contradictions,
    dialogues=True,
)
