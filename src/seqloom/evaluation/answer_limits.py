"""How long answers may be, and what is longer: references that no answer can equal, and answers that were cut off."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seqloom.corpus import SPLITS
from seqloom.corpus.corpus_files import iterate_split
from seqloom.dataset.length_limit import LengthLimit
from seqloom.dataset.stage import open_split
from seqloom.recipe.applications import application_of
from seqloom.recipe.schema import Recipe


def limit_facts(limit: LengthLimit, most: int, batches: Path) -> dict[str, Any]:
    """The line, the most tokens whatever the source, and the references that are longer, by split of the batches."""
    splits = {split: open_split(batches, split) for split in SPLITS}
    longer = {split: limit.longer(*sides, most) for split, sides in splits.items()}
    return {"answer_limit": {**asdict(limit), "most": most, "longer_references": longer}}


def limits_in_words(facts: Mapping[str, Any], corpus_rows: Mapping[str, int]) -> Iterator[str]:
    """What an evaluation knows of limits, a sentence each; nothing of labels, and of what was measured before."""
    limit = facts.get("answer_limit")
    if not limit:
        return
    counts = ", ".join(f"{limit['longer_references'][split]:,} of {corpus_rows[split]:,} {split}" for split in SPLITS)
    yield (
        f"an answer to S tokens may have {limit['slope']:.3g} S + {limit['base']:.3g} tokens, {limit['most']:,} at "
        f"most (`decoding.max_length`); references that are longer: {counts}"
    )
    if facts["truncated"]:
        yield f"{facts['truncated']:,} of {facts['rows']:,} test answers reached that limit before they ended"


def certainly_longer(recipe: Recipe, corpus: Path) -> dict[str, int]:
    """References that have more tokens than `decoding.max_length`, however they are cut, by split of the corpus.

    A word is a token at least; of kind char each character that is no space.
    """
    if application_of(recipe.task).answer != "text":
        return {}
    most, by_character = recipe.decoding.max_length, recipe.vocabulary.kind == "char"
    counts = dict.fromkeys(SPLITS, 0)
    for split in SPLITS:
        for frame in iterate_split(corpus, split, ("target",)):
            words = (text.split() for text in frame["target"])
            tokens = (sum(map(len, each)) if by_character else len(each) for each in words)
            counts[split] += sum(each >= most for each in tokens)  # END is a token, too
    return {split: count for split, count in counts.items() if count}
