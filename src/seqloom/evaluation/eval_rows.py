"""Rows of any files with references, read as the corpus of a recipe is, without its filters and splits."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from seqloom.corpus.excluded_texts import ExcludedTexts
from seqloom.corpus.feature_files import RowFeatures
from seqloom.corpus.framed_text import FramedText, frames_of
from seqloom.corpus.normalized_pairs import PairSteps, rows_of_split
from seqloom.corpus.pairs import Unreadable
from seqloom.corpus.personal_data import PersonalData
from seqloom.corpus.sources import locate
from seqloom.corpus.text_normalizers import TextNormalizers
from seqloom.errors import UserError
from seqloom.evaluation.row_columns import with_columns
from seqloom.recipe.recipe_loader import change_section, check_section
from seqloom.recipe.schema import CorpusSection, Recipe

LONGEST = 10_000_000  # characters of a row, where no text is too long for the model


def section_of_files(recipe: Recipe, files: list[str], changes: list[str], of_any_length: bool) -> CorpusSection:
    """Return the section by which the files are read: that of the training with changes, and without its filters."""
    form = _format(files, recipe.corpus.format)
    unsplit = {
        "train": files,
        "validation": [],
        "test": [],
        "sources": [],
        "filters": [],
        "exclude": "",
        "format": form,
        **({"max_characters": LONGEST} if of_any_length else {}),
    }
    as_trained = check_section(CorpusSection, {**vars(recipe.corpus), **unsplit}, "evaluate")
    return change_section(as_trained, changes, "--corpus")


def _format(files: list[str], of_recipe: str) -> str:
    """Return the recipe's format where a name does not tell it; a table or two files are told by their names."""
    return of_recipe if len(files) == 1 and of_recipe in ("texts", "running", "labeled") else "auto"


@dataclass(frozen=True)
class EvalRows:
    """The rows of some files, as the corpus stage would read them, and what is wrong with the others."""

    table: pd.DataFrame  # source, target, origin, line, and columns that make slices
    unreadable: list[str]
    broken: list[str]  # those of them that violate the format of their file


def read_test_rows(
    section: CorpusSection, home: Path, keep: bool, slice_by: Sequence[str] = (), field: str = "FILE", most: int = 0
) -> EvalRows:
    """Read the files of `section.train` and their columns `slice_by`, without filters, splits or duplicates left out.

    A sentence calls what names the files `field`. They may have `most` characters in all; 0: any number.

    Raises:
        UserError: a file is missing, too large or violates its format, or no row has a source and a target.
    """
    try:
        return _read(section, home, keep, slice_by, most)
    except UserError as error:  # the files stand in no recipe
        raise UserError(str(error).replace("corpus.train", field)) from error


def _read(section: CorpusSection, home: Path, keep: bool, slice_by: Sequence[str], most: int) -> EvalRows:
    personal, sources = PersonalData.of(section), locate(section, home)  # a model was taught without personal data
    features = RowFeatures(section, sources) if section.features else None
    rows: list[tuple[str, str, str, int]] = []
    wrong, broken, characters = list[str](), list[str](), 0
    excluded = ExcludedTexts.of(section)
    steps = PairSteps(TextNormalizers(section.normalizers, keep), {}, personal=personal, excluded=excluded)
    for row in rows_of_split(section, sources, "train", steps):
        characters += len(row.source) + len(row.target)
        if most and characters + len(wrong) > most:
            raise UserError(f"{row.origin}: holds more than {most:,} characters: give less in corpus.train")
        if defect := row.reject_reason(section):
            problem = row.raw.problem if isinstance(row.raw, Unreadable) else ""
            wrong.append(f"{row.origin}, line {row.raw.line}: {problem or defect}")
            broken += wrong[-1:] if problem else []
        elif features:
            value, name = features.value(row.origin, row.raw.line)
            try:
                framed = FramedText.of(row.source, frames_of(value, 0, name))
                rows.append((framed, row.target, row.origin, row.raw.line))
            except UserError as error:
                wrong.append(str(error))
        else:
            rows.append((row.source, row.target, row.origin, row.raw.line))
    if not rows:
        first = f" (the first: {wrong[0]})" if wrong else ""
        raise UserError(f"{' and '.join(section.train)}: no row has a source and a target that can be scored{first}")
    columns = zip(("source", "target", "origin", "line"), zip(*rows, strict=True), strict=True)
    table = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns})
    return EvalRows(with_columns(table, section, sources, slice_by, "--slice-by"), wrong, broken)
