"""The section `decoding` of a recipe."""

from pydantic import Field

from seqloom.recipe.sections.section import Section


class Decoding(Section):
    """How text is generated."""

    beam_size: int = Field(5, ge=1, le=256, description="Hypotheses kept; 1 is greedy search.")
    length_penalty: float = Field(1.0, ge=0.0, le=5.0, description="Exponent on the length a score is divided by.")
    max_length: int = Field(
        200, ge=1, le=10_000, description="Tokens in an answer at most; nor over twice the source and 20."
    )
    batch_size: int = Field(64, ge=1, le=100_000, description="Texts decoded together.")
