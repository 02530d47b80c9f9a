"""The section `teaching` of a recipe."""

from pydantic import Field

from seqloom.recipe.sections.section import Section


class TeachingSection(Section):
    """How corpus.teacher is asked, and which of its answers are learned from.

    The fields from model to token_budget are of an endpoint, a teacher whose name is an address.
    """

    model: str = Field("", max_length=200, description="Of an endpoint: the name of its model.")
    prompt_file: str = Field(
        "",
        max_length=1000,
        description="Of an endpoint: UTF-8 file with what is asked, with {source} where the text goes.",
    )
    key: str = Field(
        "",
        max_length=100,
        description="Of an endpoint: its key as ${NAME}, of the environment or of a Secret block of Prefect; the key "
        "itself is never written. Empty: none.",
    )
    answers: int = Field(
        1,
        ge=1,
        le=64,
        description="Of an endpoint: answers to each text; of several the one most like the others is kept.",
    )
    temperature: float = Field(
        0.0, ge=0.0, le=2.0, description="Of an endpoint: how freely it draws; above 0 for several answers."
    )
    max_tokens: int = Field(
        0, ge=0, le=1_000_000, description="Of an endpoint: tokens of an answer at most; 0: as it has it."
    )
    concurrency: int = Field(4, ge=1, le=256, description="Of an endpoint: requests at a time.")
    requests_per_minute: int = Field(
        0, ge=0, le=1_000_000, description="Of an endpoint: requests a minute at most; 0: no limit."
    )
    request_budget: int = Field(
        0,
        ge=0,
        le=1_000_000_000,
        description="Of an endpoint: requests of a run at most; a run that has spent it stops, and the next goes on. "
        "0: no limit.",
    )
    token_budget: int = Field(
        0,
        ge=0,
        le=1_000_000_000_000,
        description="Of an endpoint: tokens of a run, read and written, at most, likewise. 0: no limit.",
    )
    agreement: float = Field(
        0.0, ge=0.0, le=1.0, description="Least mean similarity of the answer that is kept to the others of its text."
    )
    length_ratio: float = Field(
        0.0,
        ge=0.0,
        le=1000.0,
        description="How many times as long or short as its text an answer may be, in characters; 0: no limit.",
    )
    weight: float = Field(
        1.0,
        gt=0,
        le=100,
        description="How often an epoch sees each pair of the teacher, on average, as the weight of a source.",
    )
    copies: bool = Field(True, description="Keep answers that repeat their text.")
    round_trip: str = Field(
        "",
        max_length=500,
        description="Model of the direction back, models:/NAME@ALIAS or a folder, that translates answers back; those "
        "that come back unlike their text are left out. Empty: none.",
    )
    round_trip_chrf: float = Field(
        0.0, ge=0.0, le=100.0, description="Least chrF of a text that came back against the text; with round_trip."
    )
