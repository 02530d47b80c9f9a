"""What a corpus lacks where a version of it was refused: said in plain words, for no setting makes up for rows."""

from collections.abc import Iterator

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.applications import application_of
from seqloom.recipe.schema import Recipe

FEW_TEST_ROWS = 100  # the score of a version swings by several points with which rows they are
FEW_TEXTS, FEW_LABELED = 5_000, 1_000  # rows to learn from
LARGER_SHARE = 0.2


def shortage(recipe: Recipe, corpus: Manifest, verdict: str) -> Iterator[str]:
    """Sentences, none of a version that passed."""
    rows = corpus.facts["rows"]
    if verdict != "refused":
        return
    if rows["test"] < FEW_TEST_ROWS:
        more = round(LARGER_SHARE * sum(rows.values()))
        share = f": corpus.test_share={LARGER_SHARE} holds out some {more:,}" if _larger_share_helps(recipe) else ""
        yield f"{rows['test']:,} test rows hardly tell two models apart{share}."
    if rows["train"] < (FEW_LABELED if application_of(recipe.task).answer == "label" else FEW_TEXTS):
        yield (
            f"{rows['train']:,} rows are little to learn from: what does not occur in them a model cannot know; more "
            "rows help most."
        )


def _larger_share_helps(recipe: Recipe) -> bool:
    return not recipe.corpus.test and not recipe.corpus.overfit and recipe.corpus.test_share < LARGER_SHARE
