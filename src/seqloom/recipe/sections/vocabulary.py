"""The section `vocabulary` of a recipe."""

from typing import Literal

from pydantic import Field

from seqloom.recipe.sections.section import Count, Section


class Vocabulary(Section):
    """How text is cut into tokens."""

    kind: Literal["word", "spaced", "bpe", "unigram", "char"] = Field(
        "bpe",
        description="Unit of the vocabulary. word: words, digits and signs; spaced: what stands between two spaces, of "
        "text that was cut into words before.",
    )
    size: int = Field(8000, ge=8, le=1_000_000, description="Tokens at most, per side, or together where shared.")
    shared: bool = Field(False, description="One vocabulary, and one embedding, for source and target.")
    min_frequency: Count = Field(2, description="Occurrences a token (or a BPE merge) needs to be kept.")
