"""The section `vocabulary` of a recipe."""

from typing import Literal, Self

from pydantic import Field, field_validator

from seqloom.recipe.sections.section import Count, Section

LEAST = 8  # the special tokens, and some others


class VocabularySection(Section):
    """How text is tokenized."""

    kind: Literal["auto", "word", "spaced", "bpe", "unigram", "char", "decomposed"] = Field(
        "auto",
        description="Unit of the vocabulary. auto: chosen, with sharing, from task and corpus; word: words, "
        "digits and punctuation; spaced: whatever stands between spaces, for text that is tokenized "
        "already; decomposed: characters, with letters apart from their accents and Hangul syllables as jamo.",
    )
    target_kind: Literal["auto", "same", "word", "spaced", "bpe", "unigram", "char", "decomposed"] = Field(
        "auto",
        description="Unit of the target's vocabulary. auto: chosen in task transduction, else same; same: kind; spaced "
        "suits targets of symbols between spaces, such as phonemes.",
    )
    size: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Tokens at most, per side, or together where shared; 0: chosen from the corpus.",
    )
    shared: bool = Field(False, description="One vocabulary, and one embedding, for source and target.")
    min_frequency: Count = Field(2, description="Occurrences a token (or a BPE merge) needs to be kept.")

    def of_target(self) -> Self:
        """Return the section as it is for the target side."""
        return self if self.target_kind in ("auto", "same") else self.model_copy(update={"kind": self.target_kind})

    @field_validator("size")
    @classmethod
    def _holds_its_special_tokens(cls, size: int) -> int:
        if 0 < size < LEAST:
            raise ValueError(f"a vocabulary has {LEAST} tokens or more, not {size}; 0 lets the corpus choose")
        return size
