"""Resolve the locations in a recipe (paths, patterns, URLs, packages) to local files and their formats."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from seqloom.artifact.digest import digest_of_file
from seqloom.corpus.aligned_archive import archive_pair
from seqloom.corpus.download import download
from seqloom.corpus.feature_file import FeatureFile, feature_file
from seqloom.corpus.file_format import CALLED, ENDINGS, WITH_COLUMNS, detect_format, ending_of
from seqloom.corpus.file_pairs import pair_shards
from seqloom.corpus.object_store import SCHEMES, is_object, matching_objects
from seqloom.corpus.package_files import PACKAGE, files_in_package, matching_files
from seqloom.corpus.source_folder import folder_files
from seqloom.corpus.unsupported_formats import refuse_unsupported
from seqloom.errors import UserError, showable
from seqloom.recipe.schema import CorpusSection
from seqloom.recipe.sections.source_section import PLACES, section_of_source
from seqloom.recipe.strict_yaml import shortened

URLS = ("http://", "https://")
DATABASES = ("sqlite", "postgresql", "postgres", "mysql", "mariadb")
"""Those that can be told to refuse every change."""
_WITHOUT_ENCODING = ("mo", "parquet", "arrow", "excel")  # formats that say it, or know one alone
TABLES = (*dict.fromkeys(ENDINGS.values()), "labeled", "texts", "running")  # formats with both sides in one file


@dataclass(frozen=True)
class RowBlock:
    """Consecutive lines of a file, or row groups of a Parquet file."""

    begin: int  # offset in bytes, or the number of row groups before
    end: int  # likewise, of what follows
    first: int  # number of the first line or row, from 1
    count: int  # of lines or rows


@dataclass(frozen=True)
class SourceFile:
    """A file to read, with its format and encoding."""

    location: str  # as in the recipe, with a pattern filled in
    path: Path
    digest: str  # of its bytes
    format: str  # lines, or one of TABLES
    encoding: str = "utf-8"
    encoding_source: str = "corpus.encoding"
    member: str = ""  # its name within the archive at `path`
    source_name: str = ""  # of the recipe's sources, where it has several
    block: RowBlock | None = None  # what to read of it; None: all
    features: FeatureFile | None = None  # of its rows; None: it has none, or they are a column of it


@dataclass(frozen=True)
class SplitFiles:
    """Files of one split, those that are read together: a source file and its target file, or a table.

    There are none if the split is taken from training text.
    """

    rows: tuple[tuple[SourceFile, ...], ...]

    @property
    def digests(self) -> list[list[str]]:
        """Format and content digest of each file, without its name: by column, or by row of several sources."""
        widths = {len(row) for row in self.rows}
        apart = len(widths) > 1 or any(file.source_name for row in self.rows for file in row)
        return [list(map(_digest, files)) for files in (self.rows if apart else zip(*self.rows, strict=True))]


def _digest(file: SourceFile) -> str:
    of, member = (f"{file.source_name}/" if file.source_name else ""), (f":{file.member}" if file.member else "")
    features = f"+{file.features.digest}" if file.features else ""
    return f"{of}{file.format}:{file.digest}{member}{features}"


@dataclass(frozen=True)
class Sources:
    """Files of the three splits."""

    train: SplitFiles
    validation: SplitFiles
    test: SplitFiles

    @property
    def encodings(self) -> dict[str, str]:
        """Encoding of each file, by its location."""
        splits = (self.train, self.validation, self.test)
        return {file.location: file.encoding for split in splits for row in split.rows for file in row}

    @property
    def digests(self) -> dict[str, list[list[str]]]:
        """Digests of all files, as JSON: the input of the stage's cache key."""
        return {name: getattr(self, name).digests for name in ("train", "validation", "test")}


def locate(section: CorpusSection, home: Path) -> Sources:
    """Locate every file of the corpus, and download those with a URL to `home`.

    Raises:
        UserError: a location leads to no file, or to one that contradicts the recipe.
    """
    located = Sources(*(_locate_sources(section, split, home) for split in ("train", "validation", "test")))
    located = _with_guesses(located, section) if section.encoding == "auto" else located
    if not section.features:
        return located
    splits = (located.train, located.validation, located.test)
    return Sources(*(_with_features(split, section) for split in splits))


def locate_texts(section: CorpusSection, place: str, home: Path, field: str, tables: Sequence[str] = ()) -> SplitFiles:
    """Locate files with a text on each line, or in a column of one of the formats `tables`; an error names `field`.

    Raises:
        UserError: the place leads to no such file.
    """
    lines, table = (section.model_copy(update={"train": [place], "format": form}) for form in ("texts", "auto"))
    if _is_database(place):
        return _locate_split(lines, "train", home, field)
    found = [
        _describe(name, path, field, table if _format_told(name, path) in tables else lines, 1)
        for name, path in _resolve(place, field, home, "texts")
    ]
    return SplitFiles(tuple((file,) for file in found))


def _format_told(name: str, path: Path) -> str:
    """Return the format that a file's first bytes or its name tell; empty where neither does, or nothing is there."""
    try:
        return detect_format(path, name) or ENDINGS.get(ending_of(name, path), "")
    except OSError:  # reported when it is described
        return ""


def locate_monolingual(section: CorpusSection, home: Path) -> Sources:
    """Locate the texts without an answer, which no split but train is taken from: lines, or a column of a table.

    Raises:
        UserError: a place leads to no such file.
    """
    rows = [
        row
        for field in ("monolingual_source", "monolingual_target")
        for place in getattr(section, field)
        for row in locate_texts(section, place, home, f"corpus.{field}", WITH_COLUMNS).rows
    ]
    found = Sources(SplitFiles(tuple(rows)), SplitFiles(()), SplitFiles(()))
    return _with_guesses(found, section) if section.encoding == "auto" else found


def _with_features(split: SplitFiles, section: CorpusSection) -> SplitFiles:
    """Return the files with those of their features, where these lie beside them."""
    from seqloom.corpus.feature_listing import listed_features  # it reads tables, which know this module

    def features(file: SourceFile) -> FeatureFile | None:
        return listed_features(file, section) or feature_file(file.path, file.location, file.format, section.features)

    return SplitFiles(tuple((replace(file, features=features(file)), *rest) for file, *rest in split.rows))


def _with_guesses(sources: Sources, section: CorpusSection) -> Sources:
    """Return the files with the encodings that their bytes look like."""
    from seqloom.corpus.encoding_guess import encoding_of_file  # charset-normalizer, which only a guess needs

    def guessed(row: tuple[SourceFile, ...]) -> tuple[SourceFile, ...]:
        own = section_of_source(section, row[0].source_name)
        sides = ((own.source_language,), (own.target_language,))
        of_files = sides if len(row) == 2 else ((own.source_language, own.target_language),)
        return tuple(
            replace(
                file,
                encoding="utf-8"
                if file.format in _WITHOUT_ENCODING
                else encoding_of_file(file.path, file.location, languages, file.member),
            )
            for file, languages in zip(row, of_files, strict=True)
        )

    rows = (tuple(map(guessed, split.rows)) for split in (sources.train, sources.validation, sources.test))
    return Sources(*map(SplitFiles, rows))


def _locate_sources(section: CorpusSection, split: str, home: Path) -> SplitFiles:
    """Locate the files of a split of every source, in the order of the recipe; held-out ones of all have no name."""
    if not section.sources:
        return _locate_split(section, split, home)
    found = {section.source_name if split == "train" else "": _locate_split(section, split, home)}
    for each in section.sources:
        own = section_of_source(section, each.name)
        found[each.name] = _locate_split(own, split, home, f"corpus.sources.{each.name}.{split}")
    named = (
        tuple(replace(file, source_name=name) for file in row) for name, files in found.items() for row in files.rows
    )
    return SplitFiles(tuple(named))


def _locate_split(section: CorpusSection, split: str, home: Path, field: str = "") -> SplitFiles:
    locations, field = getattr(section, split), field or f"corpus.{split}"
    if any(map(_is_database, locations)):
        return SplitFiles(((_query_rows(section, split, home, field),),))
    resolved = [_resolve(location, field, home, section.format) for location in locations]
    if len(locations) == 1 and section.format in ("auto", "lines"):
        found = [_members(name, path, field, section) for name, path in resolved[0]]
        if found and all(found):
            return SplitFiles(tuple(found))
    columns = tuple(
        tuple(_describe(name, path, field, section, len(locations)) for name, path in files) for files in resolved
    )
    if len(columns) < 2:
        return SplitFiles(tuple((file,) for column in columns for file in column))
    _refuse_swapped_sides(section, split, field)
    return SplitFiles(tuple(zip(columns[0], pair_shards(columns[0], columns[1], locations, field), strict=True)))


def _is_database(location: str) -> bool:
    scheme, colon, _ = location.partition("://")
    return bool(colon) and scheme.partition("+")[0].lower() in DATABASES


def _query_rows(section: CorpusSection, split: str, home: Path, field: str) -> SourceFile:
    """Return the rows of the recipe's query as a file of JSON lines."""
    location, *others = getattr(section, split)
    if split != "train":
        raise UserError(f"{field}: corpus.query is for the text of train; give a file, or a share is split off")
    if others or section.format not in ("auto", "jsonl"):
        raise UserError(
            f"{location}: a query gives a table with both sides; give {field} one place, and leave out "
            f"{field.removesuffix('train')}format"
        )
    from seqloom.corpus.sql_query import fetch_rows  # SQLAlchemy, which only a query needs

    path, digest = fetch_rows(location, section.query, home / "downloads", field)
    return SourceFile(location, path, digest, "jsonl")


def _members(name: str, path: Path, field: str, section: CorpusSection) -> tuple[SourceFile, ...]:
    """Return the aligned files in an archive, the source first; nothing if it is no such archive."""
    try:
        pair = archive_pair(path, name, field, section) if path.is_file() and path.stat().st_size else ()
        digest = digest_of_file(path) if pair else ""
    except OSError:  # reported when it is described
        return ()
    return tuple(
        SourceFile(f"{name}/{showable(member)}", path, digest, "lines", section.encoding, member=member)
        for member in pair
    )


def _refuse_swapped_sides(section: CorpusSection, split: str, field: str) -> None:
    """Refuse a split whose endings are those of the training files in reverse order."""
    ours, theirs = (
        [Path(location).suffix for location in locations] for locations in (getattr(section, split), section.train)
    )
    if len(theirs) == 2 and ours == theirs[::-1] and ours[0] != ours[1] and all(ours):
        raise UserError(
            f"{field}: gives *{ours[0]} as the source and *{ours[1]} as the target, and "
            f"{field.removesuffix(split)}train the other way round; give both in one order"
        )


def _resolve(location: str, field: str, home: Path, form: str) -> list[tuple[str, Path]]:
    """Return the location and path of each file at `location`."""
    if "*" in location and is_object(location):
        objects = matching_objects(location, field)
        return [(each, download(each, home / "downloads", field)) for each in objects]
    if location.startswith(URLS) or is_object(location):
        return [(location.partition("#")[0], download(location, home / "downloads", field))]
    if "://" in location and not location.startswith(PACKAGE):
        known = ", ".join(["http://", "https://", PACKAGE, *(f"{scheme}://" for scheme in SCHEMES)])
        raise UserError(
            f"{location}: only {known} and databases ({', '.join(DATABASES)}) are understood; correct {field}"
        )
    if location.startswith(PACKAGE):
        return files_in_package(location, field)
    if "*" not in location and _is_folder(Path(location)):
        return [(showable(str(path)), path) for path in folder_files(Path(location), location, field, form)]
    if "*" not in location:
        return [(location, Path(location))]
    found = [(showable(str(path)), path) for path in matching_files(location)]
    if not found:
        raise UserError(f"{location}: matches no file (looked in {Path.cwd()}); correct {field}")
    return found


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # reported when it is opened
        return False


def _describe(name: str, path: Path, field: str, section: CorpusSection, locations: int) -> SourceFile:
    try:
        if path.is_dir():  # in a package
            raise UserError(f"{name}: a folder, not a file; name the files in it, such as {name}/*.po, in {field}")
        if not path.is_file():
            looked = path.parent if name.startswith(PACKAGE) else Path.cwd()
            raise UserError(f"{name}: no such file (looked in {looked}); correct {field}")
        if path.stat().st_size == 0:
            raise UserError(f"{name}: the file is empty; fill it, or correct {field}")
        ending, as_text = ending_of(name, path), section.format in ("lines", "texts", "running", "labeled")
        language = as_text or locations == 2  # an ending may be that of one: .arb is Arabic
        certain = detect_format(path, name, section.format)
        if not certain:
            refuse_unsupported(name, path, "" if language else ending, field, markup=as_text)
        form = _format(name, certain, ending, field, section.format, locations)
        return SourceFile(name, path, digest_of_file(path), form, section.encoding)
    except OSError as error:
        raise UserError(f"{shortened(name, 300)}: cannot be read ({error.strerror}); correct {field}") from None


def _format(name: str, certain: str, ending: str, field: str, chosen: str, locations: int) -> str:
    """Return the format of a file: as its first bytes say for `certain`, else the recipe, else its name."""
    detected = certain or ENDINGS.get(ending, "")
    if locations == 2:
        if chosen in TABLES or (chosen == "auto" and detected):
            raise UserError(
                f"{name}: two places are aligned lines of text, and this is "
                f"{chosen if chosen in TABLES else detected}; give one place in {field} (a pattern such as *.tsv for "
                "several), or set corpus.format to lines"
            )
        return "lines"
    if chosen == "lines":
        raise UserError(f"{name}: aligned lines need two places in {field}, the source first and then the target")
    if chosen == "auto" and not detected:
        choices = ", ".join(TABLES)
        raise UserError(f"{name}: the name does not tell the format; set corpus.format to one of {choices}")
    if chosen == "texts" and detected and field.rpartition(".")[2] not in PLACES:  # a field of texts alone
        raise UserError(
            f"{name}: is {CALLED.get(detected) or f'a {detected.upper()} file'}, and {field} names files with a text "
            "on each line: write its texts into such a file"
        )
    if certain and chosen not in ("auto", certain):
        raise UserError(f"{name}: is {CALLED[certain]} and not {chosen}; set corpus.format to {certain}")
    return detected if chosen == "auto" else chosen
