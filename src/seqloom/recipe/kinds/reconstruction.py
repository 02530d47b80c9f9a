"""Reconstruction: the text itself, written back from its fixed-length vector."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqloom.recipe.architecture import AUTO, RECURRENT
from seqloom.recipe.kinds.kind import Kind
from seqloom.recipe.kinds.measure import Measure

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe
    from seqloom.recipe.sections.corpus import Corpus


def _contradictions(recipe: "Recipe") -> Iterator[str]:
    model = recipe.model
    if model.encoder == "none":
        yield "task reconstruction needs a vector to write back from: set model.encoder to another kind"
    if model.decoder not in (*RECURRENT, AUTO):
        yield f"a {model.decoder} decoder writes no text from a vector alone: set model.decoder to rnn, lstm or gru"
    if model.copying:
        yield "task reconstruction would be copying and nothing else: remove model.copying"
    if model.attention not in ("none", AUTO):
        yield (
            f"attention {model.attention} sees the text itself, and task reconstruction writes from the fixed-length "
            "vector alone: set model.attention to none"
        )
    if recipe.training.objective == "masked":
        yield "training.objective masked writes nothing back: set it to sequence"
    yield from _other_targets(recipe.corpus)


def _other_targets(section: "Corpus") -> Iterator[str]:
    """What of the corpus would give a text another target than itself."""
    for split in ("train", "validation", "test"):
        places: list[str] = getattr(section, split)
        if len(places) == 2:
            yield f"corpus.{split} has two places, and the target of task reconstruction is the source: give one"
        for place in places:
            if place.lower().partition("#")[0].removesuffix(".gz").endswith((".po", ".mo")):
                yield f"{place} is a catalogue of translations: give lines of text and set corpus.format to texts"
    if section.format in ("lines", "labelled", "po", "mo"):
        yield f"corpus.format {section.format} has a target beside each text: set it to texts, or give a table"
    if section.format != "texts" and section.source_column != section.target_column:
        yield (
            "the target of task reconstruction is the source: set corpus.format to texts for lines of text, or "
            f"corpus.source_column and corpus.target_column to one column of a table, not {section.source_column!r} "
            f"and {section.target_column!r}"
        )


RECONSTRUCTION = Kind(
    name="reconstruction",
    rows="texts",
    answer="text",
    measures=(
        Measure("exact_match", "exact match", "share"),
        Measure("bleu", "BLEU"),
        Measure("chrf", "chrF"),
        Measure("perplexity", "perplexity", "plain", rises=False, judged=False),
        Measure("accuracy", "token accuracy", "share", judged=False),
    ),
    metric="chrf",
    baselines={"nearest": "nearest training text"},
    pictures={
        "scores.png": "scores",
        "chrf_by_length.png": "chrF by length: where the vector gets too small for the text",
        "lengths.png": "lengths of the answers",
    },
    contradictions=_contradictions,
)
