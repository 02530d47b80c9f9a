"""The section `decoding` of a recipe."""

from typing import Literal, Self

from pydantic import Field, model_validator

from seqloom.recipe.glossary import read_glossary
from seqloom.recipe.protected_spans import kinds_of
from seqloom.recipe.sections.section import Section


class DecodingSection(Section):
    """How text is generated."""

    method: Literal["beam", "sample"] = Field(
        "beam",
        description="beam: the most probable text by beam search; sample: each token is drawn from its "
        "distribution, so texts vary.",
    )
    beam_size: int = Field(5, ge=1, le=256, description="Hypotheses kept by method beam; 1 is greedy search.")
    beam_groups: int = Field(
        1,
        ge=1,
        le=256,
        description="Groups of the beam, each of which is charged for the tokens that those before it wrote at the "
        "same position (diverse beam search), so that the best answers differ; beam_size is a multiple of it; "
        "1: one beam.",
    )
    diversity_penalty: float = Field(
        0.5,
        ge=0.0,
        le=100.0,
        description="With beam_groups over 1: nats for each hypothesis of an earlier group that wrote the same token "
        "at the same position.",
    )
    temperature: float = Field(
        1.0,
        ge=0.01,
        le=100.0,
        description="Method sample: logits are divided by it; below 1 is more conservative.",
    )
    top_k: int = Field(
        0, ge=0, le=1_000_000, description="Method sample: draw from this number of most probable tokens; 0: from all."
    )
    top_p: float = Field(
        1.0,
        gt=0.0,
        le=1.0,
        description="Method sample: draw from the most probable tokens that together hold this share of the "
        "probability.",
    )
    num_samples: int = Field(
        1,
        ge=1,
        le=256,
        description="Method sample: samples per answer, of which minimum Bayes risk picks the one most similar to "
        "the others (chrF): steadier than one draw, less dull than beam search.",
    )
    seed: int = Field(1, ge=0, le=2**53, description="Method sample: the same seed draws the same texts.")
    length_penalty: float = Field(
        1.0, ge=0.0, le=5.0, description="Exponent of the length that a hypothesis's score is divided by."
    )
    max_length: int = Field(
        200,
        ge=1,
        le=10_000,
        description="Tokens in an answer at most, with its end token. A short source may have a lower limit: 1.5 "
        "times the longest target of training pairs of about its length.",
    )
    min_length: int = Field(
        0,
        ge=0,
        le=10_000,
        description="Tokens in an answer at least, before its end token, as far as its limit allows.",
    )
    repetition_penalty: float = Field(
        1.0,
        ge=1.0,
        le=10.0,
        description="Tokens that an answer has written become less probable: logits above 0 are divided by it, those "
        "below multiplied; 1: nothing is changed.",
    )
    no_repeat_ngram: int = Field(
        0, ge=0, le=100, description="No sequence of so many tokens occurs twice in an answer; 0: any may."
    )
    protect: str = Field(
        "",
        max_length=100,
        description="Kinds of text that an answer carries over unchanged, with commas between them: placeholders "
        "({name}, %s), tags (<b>, &amp;), numbers, urls; empty: none.",
    )
    glossary: str = Field(
        "",
        max_length=1_000_000,
        description="Terms that an answer has to use: lines of a source term, a tab and the target term, with | "
        "between forms of it; empty: none.",
    )
    long_texts: Literal["cut", "sentences", "refuse"] = Field(
        "cut",
        description="A text longer than the model reads is cut; answered by sentence and put together (translation and "
        "transduction; also a text of more tokens than 99 of 100 training sources); or refused.",
    )
    choices: str = Field(
        "",
        max_length=1_000_000,
        description="The answers that are allowed, a line each, of which the most probable is given; empty: any text.",
    )
    batch_size: int = Field(64, ge=1, le=100_000, description="Texts decoded together.")

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        for field in ("temperature", "top_k", "top_p", "num_samples"):
            value, default = getattr(self, field), type(self).model_fields[field].default
            if self.method != "sample" and value != default:
                raise ValueError(
                    f"{field} {value:g} is of method sample, and method is {self.method}: set method to sample, or "
                    f"{field} to {default:g}"
                )
        if self.beam_groups > 1 and (self.method != "beam" or self.beam_size % self.beam_groups):
            raise ValueError(
                f"beam_groups {self.beam_groups} share a beam evenly, and method is {self.method} with beam_size "
                f"{self.beam_size}: set method to beam, and beam_size to a multiple of beam_groups"
            )
        if self.beam_groups > 1 and read_glossary(self.glossary):
            raise ValueError("a glossary needs the whole beam: set beam_groups to 1, or leave glossary empty")
        if self.choices and (self.method != "beam" or self.protect or read_glossary(self.glossary)):
            raise ValueError("choices are answers as they stand: set method to beam, leave protect and glossary empty")
        kinds_of(self.protect)
        if read_glossary(self.glossary) and (self.method != "beam" or self.beam_size == 1):
            raise ValueError("a glossary needs a beam to choose from: set method to beam and beam_size to 2 at least")
        if self.min_length >= self.max_length:
            raise ValueError(
                f"min_length {self.min_length} leaves no room for the end token within max_length {self.max_length}: "
                f"set min_length to {self.max_length - 1} at most"
            )
        return self
