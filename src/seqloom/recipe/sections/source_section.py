"""An entry of `corpus.sources`: text that is trained on beside that of `corpus.train`."""

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from seqloom.recipe.form_fields import NAME
from seqloom.recipe.language_tags import tag_of
from seqloom.recipe.sections.section import Section
from seqloom.url_mask import masked_url

if TYPE_CHECKING:
    from seqloom.recipe.sections.corpus_section import CorpusSection

SourceFormat = Literal[
    "", "auto", "lines", "texts", "labeled", "tsv", "csv", "jsonl", "po", "mo", "parquet", "arrow", "excel", "tmx",
    "xliff",
]  # fmt: skip
Place = Annotated[str, AfterValidator(lambda place: masked_url(place) if "://" in place else place)]
"""A path or URL, without its secrets: a recipe is logged and shown, and only the download needs them."""
Language = Annotated[str, AfterValidator(tag_of)]
"""A language by its name or code, kept as a tag."""
OWN_FIELDS = ("format", "query", "source_column", "target_column", "source_language", "target_language")
"""Fields of the corpus that a source may have of its own."""
PLACES = ("train", "validation", "test")
"""Fields that say where the text of each split is."""
HELD_OUT = ("validation", "test")
"""Splits of which a source may have a share of its own, in the field of that name and `_share`."""


def _share(value: float) -> float:
    if -1 < value < 0:
        raise ValueError("a share is 0 to 0.5, or -1 for that of corpus.train")
    return value


OwnShare = Annotated[float, Field(ge=-1.0, le=0.5), AfterValidator(_share)]
"""A share of the rows of a source; -1 for that of the corpus."""


class SourceSection(Section):
    """Text from somewhere else, with a name, and how often it is seen; fields left out are those of the corpus."""

    name: str = Field(
        pattern=f"^{NAME}$",
        description="Name in reports and slices: letters, digits, . _ -",
    )
    train: Annotated[list[Place], Field(min_length=1, max_length=2)] = Field(
        description="Where the text is, as corpus.train."
    )
    validation: Annotated[list[Place], Field(max_length=2)] = Field(
        [], description="Validation rows of this source, as corpus.validation; empty: none of its own."
    )
    test: Annotated[list[Place], Field(max_length=2)] = Field(
        [], description="Test rows of this source, which are a slice of the scores, as corpus.test; empty: none."
    )
    test_share: OwnShare = Field(
        -1.0,
        description="Share of its pairs that is split off for test, whatever files there are; -1: as of "
        "corpus.train. Text that several sources have is split by the share of the first.",
    )
    validation_share: OwnShare = Field(
        -1.0, description="Share of its pairs that is split off for validation, likewise."
    )
    weight: float = Field(
        1.0,
        gt=0,
        le=100,
        description="How often an epoch sees each row, on average: 0.5 half of the rows, others in each epoch; 3 "
        "every row three times. Drawn by training.seed.",
    )
    format: SourceFormat = Field("", description="As corpus.format; empty: that.")
    query: str = Field("", description="As corpus.query; empty: that.")
    source_column: str = Field("", description="As corpus.source_column; empty: that.")
    target_column: str = Field("", description="As corpus.target_column; empty: that.")
    source_language: Language = Field("", description="As corpus.source_language; empty: that.")
    target_language: Language = Field("", description="As corpus.target_language; empty: that.")

    @model_validator(mode="after")
    def _a_split_is_given_or_split_off(self) -> Self:
        for split in HELD_OUT:
            if getattr(self, split) and getattr(self, f"{split}_share") >= 0:
                raise ValueError(
                    f"{split} names files, and {split}_share splits rows off for {split}: leave one of them out"
                )
        return self


def section_of_source(section: "CorpusSection", name: str) -> "CorpusSection":
    """Return the corpus as it reads one of its sources; the text of `corpus.train`, and of no source, is its own."""
    chosen = next((each for each in section.sources if each.name == name), None)
    if chosen is None:
        return section
    own = {field: value for field in OWN_FIELDS if (value := getattr(chosen, field))}
    return section.model_copy(update={**own, **{split: getattr(chosen, split) for split in PLACES}})


def source_names(section: "CorpusSection") -> list[str]:
    """Return the names of the sources of training text, in order; one empty name where there is only one source."""
    return [section.source_name, *(each.name for each in section.sources)] if section.sources else [""]


def places_of(section: "CorpusSection", split: str) -> list[str]:
    """Return where the text is that is given for a split, by all sources."""
    return [place for each in (section, *section.sources) for place in getattr(each, split)]
