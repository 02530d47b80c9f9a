"""The section `decoding` of a recipe."""

from typing import Literal, Self

from pydantic import Field, model_validator

from seqloom.recipe.sections.section import Section


class Decoding(Section):
    """How text is generated."""

    method: Literal["beam", "sample"] = Field(
        "beam",
        description="beam: the likeliest text that a search finds; sample: each token is drawn by its probability, so "
        "texts vary.",
    )
    beam_size: int = Field(5, ge=1, le=256, description="Hypotheses kept by method beam; 1 is greedy search.")
    temperature: float = Field(
        1.0,
        ge=0.01,
        le=100.0,
        description="Method sample: probabilities are raised to the power 1 / temperature; below 1 is more careful.",
    )
    top_k: int = Field(
        0, ge=0, le=1_000_000, description="Method sample: draw from so many likeliest tokens; 0 from all."
    )
    top_p: float = Field(
        1.0,
        gt=0.0,
        le=1.0,
        description="Method sample: draw from the likeliest tokens that hold this share of the probability.",
    )
    num_samples: int = Field(
        1,
        ge=1,
        le=256,
        description="Method sample: draw so many texts and answer with the one that the others agree with most: "
        "steadier than one draw, less dull than a search.",
    )
    seed: int = Field(1, ge=0, le=2**53, description="Method sample: the same seed draws the same texts.")
    length_penalty: float = Field(1.0, ge=0.0, le=5.0, description="Exponent on the length a score is divided by.")
    max_length: int = Field(
        200,
        ge=1,
        le=10_000,
        description="Tokens in an answer at most, its end among them. By the length of its source it may have less: as "
        "the longest of the training pairs of about that length, and half as much again.",
    )
    batch_size: int = Field(64, ge=1, le=100_000, description="Texts decoded together.")

    @model_validator(mode="after")
    def _only_samples_are_drawn(self) -> Self:
        for field in ("temperature", "top_k", "top_p", "num_samples"):
            value, default = getattr(self, field), type(self).model_fields[field].default
            if self.method != "sample" and value != default:
                raise ValueError(
                    f"{field} {value:g} is of method sample, and method is {self.method}: set method to sample, or "
                    f"{field} to {default:g}"
                )
        return self
