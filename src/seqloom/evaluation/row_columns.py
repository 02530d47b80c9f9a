"""The columns of the corpus files by which test rows are sliced, read when the rows are scored.

They are no part of the corpus: to slice otherwise asks for no new training.
"""

from collections.abc import Sequence

import pandas as pd

from seqloom.artifact.home_folder import home_folder
from seqloom.corpus.slice_columns import SLICE_BY, column_values
from seqloom.corpus.sources import Sources, locate
from seqloom.evaluation.test_slices import COLUMN_PREFIX
from seqloom.recipe.schema import CorpusSection, Recipe


def with_recipe_columns(recipe: Recipe, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the test rows with the columns that the recipe names.

    Raises:
        UserError: a file has no such column, or was changed.
    """
    names = recipe.evaluation.slice_by
    if not names:
        return rows
    return with_columns(rows, recipe.corpus, locate(recipe.corpus, home_folder()), names, SLICE_BY)


def with_columns(
    rows: pd.DataFrame, section: CorpusSection, sources: Sources, names: Sequence[str], field: str
) -> pd.DataFrame:
    """Return rows, with the columns origin and line, and those that `field` names."""
    places = zip(rows["origin"].astype(str), rows["line"], strict=True)
    values = column_values(section, sources, names, field, places)
    return rows.assign(**{f"{COLUMN_PREFIX}{name}": each for name, each in values.items()})
