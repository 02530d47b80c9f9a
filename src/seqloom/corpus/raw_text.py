"""Raw text of a pretraining: its files are found, and enough of it is there, before anything is trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from seqloom.corpus.sources import locate_texts
from seqloom.errors import UserError
from seqloom.recipe.schema import Recipe

LEAST_TEXTS = 100  # below, an encoder learns these texts by heart


def locate_raw_text(recipe: Recipe, home: Path) -> None:
    """Locate the files of `pretraining.corpus`; those with a URL are downloaded to `home`.

    Raises:
        UserError: a place leads to no file of lines.
    """
    for place in recipe.pretraining.corpus:
        locate_texts(recipe.corpus, place, home, "pretraining.corpus")


def check_raw_text(facts: Mapping[str, Any]) -> None:
    """Refuse a pretraining whose corpus stage gave `facts` with too few texts.

    Raises:
        UserError: they are too few, with the training sources.
    """
    rows = facts["rows"]["train"]
    if rows < LEAST_TEXTS:
        raise UserError(
            f"pretraining.corpus: {rows:,} different texts, with the training sources, are too few to learn an encoder "
            f"from, which takes {LEAST_TEXTS} at least: give more raw text, or remove the section pretraining"
        )
