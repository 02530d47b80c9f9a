"""The section `serving` of a recipe."""

from pydantic import Field

from seqloom.recipe.sections.section import Section


class ServingSection(Section):
    """Answers that a served version gives without its model, limits on a request, and thresholds of drift.

    A request beyond a limit fails with one sentence. Values of the section decoding are always allowed.
    """

    memory_file: str = Field(
        "",
        max_length=1000,
        description="Translation memory (TMX, TSV or another file of pairs) that becomes part of the version: its "
        "sources are answered by their targets, before the model is asked. Scores are those of the model alone. "
        "Empty: none.",
    )
    rules_file: str = Field(
        "",
        max_length=1000,
        description="UTF-8 file of rules that become part of the version: a regular expression (RE2) that a whole text "
        "has to match, a tab, and its answer, in which \\1 is the first group; # begins a comment. Empty: none.",
    )
    rows: int = Field(100_000, ge=1, le=10_000_000, description="Texts in one request, at most.")
    characters: int = Field(
        20_000_000, ge=1, le=1_000_000_000, description="Characters of all texts of one request together, at most."
    )
    waiting_rows: int = Field(
        400_000, ge=1, le=100_000_000, description="Texts of all requests together that wait for an answer, at most."
    )
    beam_size: int = Field(16, ge=1, le=256, description="Hypotheses that a request may set, at most.")
    num_samples: int = Field(16, ge=1, le=256, description="Samples per text that a request may set, at most.")
    max_length: int = Field(1000, ge=1, le=10_000, description="Tokens in an answer that a request may set, at most.")
    batch_size: int = Field(
        1024, ge=1, le=100_000, description="Texts decoded together that a request may set, at most."
    )
    attention_rows: int = Field(
        1000, ge=1, le=10_000_000, description="Texts of one request for which attention is returned, at most."
    )
    drift_limit: float = Field(
        0.25,
        gt=0.0,
        le=100.0,
        description="Population stability index of lengths, words, labels or confidence above which drift is reported.",
    )
    drift_rows: int = Field(
        100, ge=10, le=10_000_000, description="Different texts that must have been asked for drift to be judged."
    )
    drift_days: int = Field(7, ge=1, le=3650, description="Days of the request log that drift looks at.")
