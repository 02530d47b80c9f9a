"""Length limits of answers: references that exceed them, and answers that were truncated."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seqloom.corpus import SPLITS
from seqloom.corpus.corpus_files import iterate_columns
from seqloom.dataset.length_limit import LengthLimit
from seqloom.dataset.stage import open_split
from seqloom.recipe.applications import application_of
from seqloom.recipe.schema import Recipe


def limit_facts(limit: LengthLimit, most: int, dataset: Path) -> dict[str, Any]:
    """Return the coefficients of the length limit, its maximum, and the number of longer references in each split."""
    splits = {split: open_split(dataset, split) for split in SPLITS}
    longer = {split: limit.longer(*sides, most) for split, sides in splits.items()}
    return {"answer_limit": {**asdict(limit), "most": most, "longer_references": longer}}


def describe_limits(facts: Mapping[str, Any], corpus_rows: Mapping[str, int]) -> Iterator[str]:
    """Yield sentences about the limits of an evaluation; none for labels, and for evaluations of earlier releases."""
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


def count_too_long(recipe: Recipe, corpus: Path) -> dict[str, int]:
    """Count the references that exceed `decoding.max_length` with any tokenizer, by split of the corpus.

    A word is at least one token; with a vocabulary of characters, each character that is not a space is one.
    """
    if application_of(recipe.task).answer != "text":
        return {}
    most, by_character = recipe.decoding.max_length, recipe.vocabulary.of_target().kind in ("char", "decomposed")
    counts = dict.fromkeys(SPLITS, 0)
    for split in SPLITS:
        for columns in iterate_columns(corpus, split, ("target",)):
            words = (text.split() for text in columns["target"])
            tokens = (sum(map(len, each)) if by_character else len(each) for each in words)
            counts[split] += sum(each >= most for each in tokens)  # END is a token, too
    return {split: count for split, count in counts.items() if count}
