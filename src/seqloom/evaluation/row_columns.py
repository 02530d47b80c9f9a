"""The columns of the corpus files by which test rows are sliced, read when the rows are scored.

They are no part of the corpus: to slice otherwise asks for no new training.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from seqloom.artifact.cache_key import CORPUS
from seqloom.artifact.digest import digest_of_value
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest, read_manifest
from seqloom.corpus.corpus_files import SOURCE_DIGEST
from seqloom.corpus.download import kept_downloads
from seqloom.corpus.slice_columns import SLICE_BY, check_columns, column_values
from seqloom.corpus.sources import Sources, locate
from seqloom.errors import UserError
from seqloom.evaluation.test_slices import COLUMN_PREFIX
from seqloom.recipe.schema import CorpusSection, Recipe

logger = logging.getLogger(__name__)


def with_recipe_columns(recipe: Recipe, rows: pd.DataFrame, corpus: Path) -> pd.DataFrame:
    """Return the test rows of a corpus with the columns that the recipe names.

    Files from elsewhere, and the rows of a query, are those that were fetched for the corpus. Where a file was changed
    since the corpus was built, or is gone, there are no columns, and a warning says so.

    Raises:
        UserError: a file has no such column.
    """
    names = recipe.evaluation.slice_by
    sources = _unchanged_sources(recipe, corpus) if names else None
    return with_columns(rows, recipe.corpus, sources, names, SLICE_BY) if sources else rows


def check_recipe_columns(recipe: Recipe, corpus: Path) -> None:
    """Refuse columns that the recipe names and a file of a corpus lacks, before any row is answered.

    Raises:
        UserError: a file has no such column.
    """
    names = recipe.evaluation.slice_by
    sources = _unchanged_sources(recipe, corpus) if names else None
    if sources:
        check_columns(recipe.corpus, sources, names, SLICE_BY)


def _unchanged_sources(recipe: Recipe, corpus: Path) -> Sources | None:
    """Return the files that a corpus was built of; None, with a warning, where they are others by now, or gone."""
    try:
        with kept_downloads():
            sources = locate(recipe.corpus, home_folder())
    except UserError as error:
        logger.warning("%s: the files of the corpus cannot be read again, so no slices are made: %s", SLICE_BY, error)
        return None
    if not _is_of(read_manifest(corpus), recipe, digest_of_value(sources.digests)):
        logger.warning("%s: the files of the corpus were changed since it was read, so no slices are made", SLICE_BY)
        return None
    return sources


def _is_of(corpus: Manifest, recipe: Recipe, sources: str) -> bool:
    """Return whether a corpus was built of these sources; one from before it kept their digest by its key."""
    kept = corpus.facts.get(SOURCE_DIGEST)
    return kept == sources if kept else CORPUS.key(recipe, [sources]) == corpus.key


def with_columns(
    rows: pd.DataFrame, section: CorpusSection, sources: Sources, names: Sequence[str], field: str
) -> pd.DataFrame:
    """Return rows, with the columns origin and line, and those that `field` names."""
    places = zip(rows["origin"].astype(str), rows["line"], strict=True)
    values = column_values(section, sources, names, field, places)
    return rows.assign(**{f"{COLUMN_PREFIX}{name}": each for name, each in values.items()})
