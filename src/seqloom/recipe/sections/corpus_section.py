"""The section `corpus` of a recipe."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from seqloom.recipe.languages import tag_of
from seqloom.recipe.sections.section import Count, Section, Share
from seqloom.url_mask import REFERENCE, masked_url

Places = Annotated[list[str], Field(max_length=2)]
Encoding = Literal[
    "utf-8", "utf-16",
    "latin-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-9", "iso-8859-15",
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258",
    "koi8-r", "koi8-u", "cp874", "mac-roman",
    "gb18030", "big5", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949",
]  # fmt: skip
CREDENTIALS = re.compile(r"https?://(?P<user>[^/?#]*)@(?P<host>[^/?#:]*)", re.IGNORECASE)


class Corpus(Section):
    """Where the text is, and which pairs are kept."""

    train: Annotated[list[str], Field(min_length=1, max_length=2)] = Field(
        description="Two places hold aligned source and target lines; one holds a table or catalog. A place is a "
        "path, a path with * in it, package://NAME/PATH in an installed Python package, or a URL (#sha256=… checked; "
        "${NAME} in it is a secret of that name in the environment)."
    )
    validation: Places = Field([], description="As train; left empty, a share of train is split off.")
    test: Places = Field([], description="As train; left empty, a share of train is split off.")
    format: Literal["auto", "lines", "texts", "running", "labeled", "tsv", "csv", "jsonl", "po", "mo", "parquet"] = (
        Field(
            "auto",
            description="Format of the files; auto goes by the name (gzip, bzip2, xz, zstandard and zip are looked "
            "through). jsonl: an object on each line, or one array of objects; texts: each line is a text that is its "
            "own target; running: the lines of a file follow each other, and are split where they stand; "
            "labeled: each line is a label, a space and the text.",
        )
    )
    encoding: Encoding = Field(
        "utf-8",
        description="How the files write letters as bytes; one that begins with a byte order mark, and a catalog "
        "(PO, MO) by its header, says it itself.",
    )
    header: bool = Field(True, description="TSV and CSV: the first row names the columns; else they are 1, 2, 3 …")
    delimiter: str = Field(
        "auto",
        description="CSV: the character between two fields, or tab; auto finds it from the first rows. TSV: auto is "
        "tab.",
    )
    escape: Literal["auto", "doubled", "backslash"] = Field(
        "auto",
        description='CSV: how a quotation mark is written within quotes: doubled ("") or behind a backslash, as MySQL '
        "and Spark do; auto finds it from the first rows.",
    )
    source_column: str = Field(
        "source", description="Column or JSON key of the source text; a dot leads into an object, as in translation.en."
    )
    target_column: str = Field("target", description="Column or JSON key of the target text, likewise.")
    turns: int = Field(
        0,
        ge=0,
        le=1000,
        description="The files hold dialogues, and a reply may look back to so many turns before it; 0: they hold "
        "none. Lines of dialogues are format texts.",
    )
    turn_separator: str = Field(
        "__eou__", min_length=1, max_length=20, description="Between the turns of a conversation in one text."
    )
    dialogue_column: str = Field(
        "",
        description="Column or JSON key of the dialogue that a row is of: its source is a turn and its target the "
        "next one, or both columns are the same. Left empty, each row is a dialogue of its own.",
    )
    source_language: str = Field(
        "", description="Language of the source: its ISO 639 code, such as en, or English name; empty if unknown."
    )
    target_language: str = Field(
        "",
        description="Language of the target, likewise: it decides how scores find words; where it is empty the script "
        "of the test targets does.",
    )
    whitespace: Literal["auto", "keep", "fold"] = Field(
        "auto",
        description="keep: spaces that do not break, line breaks, tabs and indentation are text like any other; fold: "
        "all white space is single spaces. auto keeps it where of the first 10,000 training targets one in a hundred "
        "has more than plain spaces between words; of dialogues and running text it folds.",
    )
    validation_share: Share = Field(
        0.05, description="Share of the pairs split off for validation where none is given."
    )
    test_share: Share = Field(0.05, description="Share of the pairs split off for test where none is given.")
    overfit: bool = Field(
        False,
        description="Validation and test are the training text itself: for a handful of texts to be learned by heart, "
        "whose scores say nothing of any other.",
    )
    max_characters: Count = Field(
        1000,
        description="Characters; a pair with a longer side is rejected. Of running text: of a passage, which is a row.",
    )

    max_reject_share: float = Field(
        0.05,
        ge=0.0,
        le=1.0,
        description="Share of the rows of each split's files that may be unreadable (bad bytes, another number of "
        "fields, malformed JSON …); each is listed among the rejects. More end the run. Empty, repeated and too long "
        "rows do not count.",
    )

    @field_validator("train", "validation", "test")
    @classmethod
    def _secrets_are_masked(cls, places: list[str]) -> list[str]:
        """Mask secrets in URLs: a recipe is logged and shown, and only the download needs them."""
        return [masked_url(place) if "://" in place else place for place in places]

    @field_validator("source_language", "target_language")
    @classmethod
    def _is_a_language(cls, written: str) -> str:
        return tag_of(written)

    @field_validator("delimiter")
    @classmethod
    def _delimiter_is_a_character(cls, value: str) -> str:
        if value in ("auto", "tab") or (len(value) == 1 and value not in '"\r\n\\'):
            return value
        raise ValueError("must be auto, tab, or one character that is no quotation mark, backslash or line end")

    @model_validator(mode="after")
    def _by_heart_holds_nothing_out(self) -> Self:
        for split in ("validation", "test"):
            if self.overfit and getattr(self, split):
                raise ValueError(f"overfit makes {split} of the training text: remove {split}, or overfit")
        return self

    @model_validator(mode="after")
    def _no_secret_in_a_place(self) -> Self:
        for place in (*self.train, *self.validation, *self.test):
            found = CREDENTIALS.match(place)
            if found and REFERENCE.sub("", found["user"]).strip(":"):
                raise ValueError(
                    f"a name or password for {found['host']} stands in a URL, and recipes are logged: put it into "
                    "~/.netrc, or write ${NAME} and set NAME in the environment"
                )
        return self
