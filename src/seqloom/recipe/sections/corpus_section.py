"""The section `corpus` of a recipe."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from seqloom.recipe.filter_expressions import filter_errors, parse_filter, parse_filters, word_lists
from seqloom.recipe.form_fields import NAME
from seqloom.recipe.normalizer_expressions import DEFAULT_NORMALIZERS, complete_normalizers
from seqloom.recipe.sections.section import Count, Section, Share
from seqloom.recipe.sections.source_section import PLACES, Language, Place, SourceSection, places_of, section_of_source
from seqloom.url_mask import REFERENCE

Places = Annotated[list[Place], Field(max_length=2)]
Format = Literal[
    "auto", "lines", "texts", "running", "labeled", "tsv", "csv", "jsonl", "po", "mo", "parquet", "arrow", "excel",
    "tmx", "xliff",
]  # fmt: skip
Encoding = Literal[
    "utf-8", "auto", "utf-16",
    "latin-1", "iso-8859-2", "iso-8859-5", "iso-8859-7", "iso-8859-9", "iso-8859-15",
    "cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258",
    "koi8-r", "koi8-u", "cp874", "mac-roman",
    "gb18030", "big5", "shift_jis", "cp932", "euc_jp", "euc_kr", "cp949",
]  # fmt: skip
CREDENTIALS = re.compile(
    r"(?:https?|(?:postgres|postgresql|mysql|mariadb)(?:\+\w+)?)://(?P<user>[^/?#]*)@(?P<host>[^/?#:]*)", re.IGNORECASE
)


class CorpusSection(Section):
    """Where the text is, and which pairs are kept."""

    train: Annotated[list[Place], Field(min_length=1, max_length=2)] = Field(
        description="One table or catalog, or two files of aligned source and target lines. Each is a path, a "
        "path with * in it, package://NAME/PATH in an installed Python package, or a URL (#sha256=… "
        "is verified; ${NAME} in it is a secret of that name in the environment), or the URL of a database for query."
    )
    validation: Places = Field(
        [], description="As train; empty, also in every source: a share of the training text is split off."
    )
    test: Places = Field(
        [], description="As train; empty, also in every source: a share of the training text is split off."
    )
    source_name: str = Field(
        "main",
        pattern=f"^{NAME}$",
        description="Name of the text of train in reports and slices, beside those of sources.",
    )
    sources: Annotated[list[SourceSection], Field(max_length=100)] = Field(
        [],
        description="More text to train on, each with its name, places (train), weight, languages and columns; what "
        "one leaves out is as in the corpus. An epoch sees every row of train once.",
    )
    format: Format = Field(
        "auto",
        description="Format of the files; auto: by the file name, also within gzip, bzip2, xz, zstandard and zip. "
        "jsonl: an object on each line, or one array of objects; texts: each line is a text that is "
        "its own target; running: consecutive lines of one text, split into contiguous stretches; "
        "labeled: each line is a label, a space and the text.",
    )
    encoding: Encoding = Field(
        "utf-8",
        description="Character encoding of the files; a byte order mark, or the header of a catalog (PO, MO), "
        "overrides it. auto: guessed for each file from its bytes, and shown by check.",
    )
    header: bool = Field(
        True, description="TSV, CSV and Excel: the first row names the columns; else they are 1, 2, 3 …"
    )
    delimiter: str = Field(
        "auto",
        description="CSV: the character between two fields, or tab; auto: detected from the first rows. TSV: auto "
        "is tab.",
    )
    escape: Literal["auto", "doubled", "backslash"] = Field(
        "auto",
        description='CSV: how a quotation mark is written within quotes: doubled ("") or after a backslash, as '
        "MySQL and Spark do; auto: detected from the first rows.",
    )
    sheet: str = Field("", description="Excel: name of the sheet; empty: the first one.")
    query: str = Field(
        "",
        max_length=100_000,
        description="SQL that reads the rows, where train is the SQLAlchemy URL of a database (sqlite, postgresql, "
        "mysql or mariadb); its columns are named by source_column and target_column.",
    )
    source_column: str = Field(
        "source",
        description="Column or JSON key of the source text; a dot descends into an object, as in translation.en.",
    )
    target_column: str = Field("target", description="Column or JSON key of the target text, likewise.")
    turns: int = Field(
        0,
        ge=0,
        le=1000,
        description="Dialogues: turns before a reply that its source includes; 0: the files hold no dialogues. "
        "Lines of dialogues have format texts.",
    )
    turn_separator: str = Field(
        "__eou__", min_length=1, max_length=20, description="Text between two turns of a dialogue."
    )
    dialogue_column: str = Field(
        "",
        description="Column or JSON key of a dialogue's id: rows with the same value are one dialogue, with a "
        "turn as source and the next one as target, or both columns are the same. Empty: each row is "
        "a dialogue of its own.",
    )
    inline_tags: Literal["drop", "keep"] = Field(
        "drop",
        description="TMX and XLIFF: tags within a text (bpt, ph, g, x, pc …) are dropped, or kept as placeholders "
        "<1>, </1> and <2/>, numbered alike on both sides.",
    )
    fuzzy: bool = Field(
        False,
        description="PO: take entries that are marked fuzzy; XLIFF: those in a state that asks for review (needs-…, "
        "initial). Otherwise they are rejects.",
    )
    obsolete: bool = Field(False, description="PO: take entries that are commented out by #~.")
    plural_forms: Literal["ends", "all", "first"] = Field(
        "ends",
        description="PO and MO: of an entry with plural forms, the singular with the first form and the plural with "
        "the last (ends) or with each of the others (all), or the singular alone (first).",
    )
    msgctxt: bool = Field(
        False, description="PO and MO: the context of an entry goes before its text, as in menu|Open."
    )
    source_language: Language = Field(
        "",
        description="Language of the source: its ISO 639 code, such as en, or English name; empty if unknown. TMX and "
        "XLIFF: the side that is the source, en also for en-US.",
    )
    target_language: Language = Field(
        "",
        description="Language of the target, likewise; metrics split words by it. Empty: by the script of the "
        "test targets.",
    )
    whitespace: Literal["auto", "keep", "fold"] = Field(
        "auto",
        description="keep: no-break spaces, line breaks, tabs and indentation are kept as text; fold: all white "
        "space becomes single spaces. auto: keep if one in a hundred of the first 10,000 training "
        "targets has other white space than plain spaces; dialogues and running text are folded.",
    )
    validation_share: Share = Field(
        0.05, description="Share of the pairs split off for validation where none is given."
    )
    test_share: Share = Field(0.05, description="Share of the pairs split off for test where none is given.")
    split_by: Literal["source", "folded", "similar"] = Field(
        "source",
        description="What no two splits share: a source text; folded: a source without case, spaces, punctuation and "
        "zero-width characters; similar: a group of sources of which each is more similar than 0.8 (Jaccard, by "
        "MinHash) to another one of it.",
    )
    overfit: bool = Field(
        False,
        description="Use the training text for validation and test, too: to memorize a handful of texts, whose "
        "scores say nothing about other text.",
    )
    max_characters: Count = Field(
        1000,
        description="Characters of the longer side of a pair, at most; longer pairs are rejected. Running text: "
        "characters of a passage, which is a row.",
    )
    normalizers: Annotated[list[str], Field(max_length=50)] = Field(
        list(DEFAULT_NORMALIZERS),
        description="What rewrites each text before the filters see it, in this order, such as html_entities, "
        "unicode_form:NFKC or source.replace:REGEX=>TEXT (docs/cleaning.md lists them); in every split, and in what a "
        "model is asked. The three of the default are added at the end where they are left out.",
    )
    filters: Annotated[list[str], Field(max_length=50)] = Field(
        [],
        description="Filters of the pairs in train, each an expression that holds for what is kept, such as "
        "length_ratio<=3, no_html or source.no_pattern:^Page [0-9]+$ (docs/cleaning.md lists them); what they drop "
        "is listed among the rejects. Files of validation and test stay as they are.",
    )
    exclude: str = Field(
        "",
        description="UTF-8 file of texts that no split may have, one a line, or sha256: and the digest of one "
        "(docs/cleaning.md); rows with one of them are rejected in every split, and their text is not kept.",
    )
    privacy: Literal["keep", "replace"] = Field(
        "keep",
        description="replace: e-mail addresses, phone numbers, IBANs, payment cards, IP addresses, URLs with a "
        "password, identity numbers, and names after a title or in a salutation become placeholders such as [EMAIL_1] "
        "before anything is written; equal ones of a pair have one number. In every split, and among the rejects.",
    )
    name_list: str = Field(
        "",
        description="privacy replace: UTF-8 file of names that become placeholders wherever they stand, one a line "
        "(docs/cleaning.md); empty: those that the text tells alone.",
    )
    memory: int = Field(
        0,
        ge=0,
        le=5,
        description="Translation memory: pairs of train with the most similar sources, whose targets are joined to "
        "each source as context, in training and in answers; 0: none.",
    )
    memory_similarity: float = Field(
        0.5,
        gt=0.0,
        le=1.0,
        description="Similarity of such a source at least: 1 − edits / words of the longer one.",
    )
    knowledge: str = Field(
        "",
        description="CSV or TSV file of terms and what is to be known of them, a row each, without a header: the entry "
        "of a term is joined to each source that has it. Empty: none.",
    )
    features: str = Field(
        "",
        max_length=200,
        description="Column of a Parquet file with the features of a row, a vector or a list of vectors of one width, "
        "such as of speech or an image, which the encoder reads in front of the source; or column of any table that "
        "names a .npy file for each row, in the folder of the table or below. Beside a text.tsv without such a column "
        "the file text.NAME.npy or text.NAME.npz has them. Empty: none.",
    )
    feature_role: Literal["beside", "instead"] = Field(
        "beside",
        description="beside: features are read in front of the source's text; instead: the source is a name of the "
        "row, which no model reads.",
    )
    teacher: str = Field(
        "",
        max_length=500,
        description="Model that answers monolingual text, whose answers are trained on beside the pairs: "
        "models:/NAME@ALIAS, models:/NAME/VERSION, the folder of a checkpoint, or the address of an endpoint that "
        "speaks OpenAI's protocol, which the section teaching tells how to ask. Empty: none.",
    )
    monolingual_source: Annotated[list[Place], Field(max_length=50)] = Field(
        [],
        description="Text without answers, which teacher answers (distillation), each place as in train: a source on "
        "each line, or in source_column where the name ends as that of a table (TSV, CSV, Excel, JSONL, Parquet, "
        "Arrow) does.",
    )
    monolingual_target: Annotated[list[Place], Field(max_length=50)] = Field(
        [],
        description="Text in the target language, likewise, but in target_column, for which teacher, a model of the "
        "other direction, writes the sources (back-translation).",
    )
    canaries: int = Field(
        0,
        ge=0,
        le=100,
        description="Rows with a random sequence that are planted in the training split, once each, to measure what a "
        "model learns by heart (test/exposure); never in validation or test. 0: none. Not for labels.",
    )
    scheduler: str = Field(
        "",
        pattern=r"^((tcp|tls|ucx)://[^\s/]+)?$",
        description="Address of a Dask scheduler, such as tcp://10.0.0.5:8786, whose workers read the files: they need "
        "Seqloom, and the files and SEQLOOM_HOME at the same paths. Empty: the processes of this machine. The result "
        "is the same.",
    )
    max_reject_share: float = Field(
        0.05,
        ge=0.0,
        le=1.0,
        description="Share of the rows of each split's files that may be unreadable (bad bytes, another number of "
        "fields, malformed JSON …); each is listed among the rejects. A larger share stops the run. "
        "Empty, repeated, too long and filtered rows do not count.",
    )

    @property
    def list_files(self) -> list[str]:
        """Files beside the text whose content decides which rows are kept, and how."""
        return [*word_lists(self.filters), *filter(None, (self.exclude, self.name_list))]

    @property
    def monolingual(self) -> list[Place]:
        """Texts for the teacher, of whichever side."""
        return [*self.monolingual_source, *self.monolingual_target]

    @field_validator("normalizers")
    @classmethod
    def _normalizers_are_complete(cls, written: list[str]) -> list[str]:
        return complete_normalizers(written)

    @field_validator("filters")
    @classmethod
    def _filters_are_expressions(cls, written: list[str]) -> list[str]:
        """Write every default out, as the stage's key and a stored recipe hold it."""
        return [str(parse_filter(each)) for each in written]

    @field_validator("delimiter")
    @classmethod
    def _delimiter_is_a_character(cls, value: str) -> str:
        if value in ("auto", "tab") or (len(value) == 1 and value not in '"\r\n\\'):
            return value
        raise ValueError("must be auto, tab, or one character that is no quotation mark, backslash or line end")

    @model_validator(mode="after")
    def _names_are_replaced(self) -> Self:
        if self.name_list and self.privacy != "replace":
            raise ValueError("name_list lists names to be replaced, and privacy is keep: set privacy to replace")
        return self

    @model_validator(mode="after")
    def _overfit_has_no_other_splits(self) -> Self:
        for split in ("validation", "test"):
            if self.overfit and places_of(self, split):
                raise ValueError(f"overfit makes {split} of the training text: remove {split}, or overfit")
            if self.overfit and any(getattr(each, f"{split}_share") >= 0 for each in self.sources):
                raise ValueError(f"overfit makes {split} of the training text: remove {split}_share, or overfit")
        return self

    @model_validator(mode="after")
    def _filters_fit_the_text(self) -> Self:
        if self.filters and self.format == "running":
            raise ValueError("filters drop rows, and running text would no longer go on from itself: remove filters")
        filters = parse_filters(self.filters)
        if self.format == "texts" and not self.turns and any(each.name == "no_copy" for each in filters):
            raise ValueError("no_copy drops every row of format texts, whose targets are their sources: remove it")
        if self.turns and any(each.name == "near_duplicates" for each in filters):
            raise ValueError(
                "near_duplicates drops rows of dialogues, where each source has the turns before it: remove it"
            )
        if self.exclude and self.format == "running":
            raise ValueError("exclude leaves rows out, and running text has none: cut the text out of the file")
        if self.turns and self.split_by == "similar":
            raise ValueError("split_by similar compares sources, and those of dialogues have the turns before: folded")
        for name in ("", *(each.name for each in self.sources)):
            of = section_of_source(self, name)
            for mistake in filter_errors(filters, {"source": of.source_language, "target": of.target_language}):
                raise ValueError(f"filters: {mistake}{f' (source {name})' if name else ''}")
        return self

    @model_validator(mode="after")
    def _sources_are_apart(self) -> Self:
        names = [self.source_name, *(each.name for each in self.sources)]
        if again := next((name for at, name in enumerate(names) if name in names[:at]), ""):
            raise ValueError(f"sources: two are called {again}; give each a name of its own")
        if self.sources and self.format == "running":
            raise ValueError("sources are no part of running text, which goes on from itself: remove sources")
        return self

    @model_validator(mode="after")
    def _no_password_in_a_url(self) -> Self:
        for file in (*(file for split in PLACES for file in places_of(self, split)), *self.monolingual):
            found = CREDENTIALS.match(file)
            if found and REFERENCE.sub("", found["user"]).strip(":"):
                raise ValueError(
                    f"a name or password for {found['host']} stands in a URL, and recipes are logged: "
                    f"{'put it into ~/.netrc, or ' if file.lower().startswith('http') else ''}"
                    "write ${NAME} and set NAME in the environment"
                )
        return self
