"""Columns of a corpus' files beside source and target, such as a product, by which test rows are told apart."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from seqloom.corpus.excluded_texts import ExcludedTexts
from seqloom.corpus.file_format import WITH_COLUMNS
from seqloom.corpus.normalization import normalize
from seqloom.corpus.pairs import Unreadable
from seqloom.corpus.personal_data import PersonalData
from seqloom.corpus.sources import SourceFile, Sources
from seqloom.corpus.tables import further_columns
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection
from seqloom.recipe.sections.source_section import section_of_source

SLICE_BY = "evaluation.slice_by"
LONGEST = 60  # characters of a value


def check_columns(section: CorpusSection, sources: Sources, names: Sequence[str], field: str) -> None:
    """Refuse columns that a file of test rows lacks; of a table the head is read, of objects the first that has all.

    Raises:
        UserError: a file is no table, or lacks a column that `field` names.
    """
    for file in _test_files(sources, field) if names else ():
        for row in further_columns(file, section_of_source(section, file.source_name), names, field):
            if not isinstance(row, Unreadable) and all(row[1]):
                break


def column_values(
    section: CorpusSection,
    sources: Sources,
    names: Sequence[str],
    field: str,
    rows: Iterable[tuple[str, int]],
) -> dict[str, list[str]]:
    """Return the value of each named column in test rows, by column; `rows` are their files and lines.

    Values are in the normal form of texts, without personal data where the recipe replaces it, empty where it excludes
    them, and cut to `LONGEST` characters. A name without a title or salutation stays, unless the list of names has it.

    Raises:
        UserError: a file is no table, lacks a column, or was changed since it was read.
    """
    if not names:
        return {}
    asked = list(rows)
    lines = defaultdict(set)
    for origin, line in asked:
        lines[origin].add(line)
    values = {
        (file.location, line): each
        for file in _test_files(sources, field)
        if file.location in lines
        for line, each in _values(file, section, names, field, lines[file.location])
    }
    if lost := next((place for place in asked if place not in values), None):
        raise UserError(f"{lost[0]} line {lost[1]}: is not there any more; the file was changed, so run again")
    return {name: [values[place][at] for place in asked] for at, name in enumerate(names)}


def _values(
    file: SourceFile, section: CorpusSection, names: Sequence[str], field: str, lines: set[int]
) -> Iterable[tuple[int, list[str]]]:
    personal, excluded = PersonalData.of(section), ExcludedTexts.of(section)
    for row in further_columns(file, section_of_source(section, file.source_name), names, field):
        if not isinstance(row, Unreadable) and row[0] in lines:
            yield row[0], [_shown(value, personal, excluded)[:LONGEST] for value in row[1]]


def _shown(value: str, personal: PersonalData | None, excluded: ExcludedTexts | None) -> str:
    text = normalize(value)  # first: a number with no-break spaces in it is found by no pattern
    shown = personal.replace(text)[0] if personal else text
    return "" if excluded and excluded.has(value, text, shown) else shown


def _test_files(sources: Sources, field: str) -> Iterable[SourceFile]:
    """Yield the files that test rows are from: those given for test, else those of which a share is split off."""
    for row in sources.test.rows or sources.train.rows:
        if len(row) > 1 or row[0].format not in WITH_COLUMNS:
            kind = "lines" if len(row) > 1 else row[0].format
            raise UserError(
                f"{row[0].location}: has no columns (format {kind}), and {field} names some; remove it, or give a "
                "table: CSV, TSV, Excel, JSON, Parquet or Arrow"
            )
        yield row[0]
