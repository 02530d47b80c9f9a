"""Sentiment: a label of the corpus's own for a text, and how sure the model is of it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqloom.recipe.architecture import AUTO
from seqloom.recipe.kinds.kind import Kind
from seqloom.recipe.kinds.measure import Measure

if TYPE_CHECKING:
    from seqloom.recipe.schema import Recipe


def _contradictions(recipe: "Recipe") -> Iterator[str]:
    if recipe.corpus.format == "texts":
        yield "corpus.format texts has no labels: set it to labelled, or give a table"
    if recipe.model.decoder not in ("classifier", AUTO):
        yield "task sentiment answers with a label: set model.decoder to classifier"
    if recipe.training.objective == "masked":
        yield (
            "training.objective masked learns no labels: train it with task translation, and start from it with "
            "training.start_encoder_from"
        )
    if recipe.vocabulary.shared:
        yield "vocabulary.shared makes one vocabulary of texts and labels: set it to false"
    if recipe.vectors.target_file:
        yield "vectors.target_file holds vectors of words, and the target is a label: remove it"


SENTIMENT = Kind(
    name="sentiment",
    rows="texts",
    answer="label",
    measures=(
        Measure("accuracy", "accuracy", "share"),
        Measure("macro_f1", "macro-F1", "share"),
        Measure("calibration_error", "calibration error", "share", rises=False, judged=False),
    ),
    metric="macro_f1",
    baselines={"tfidf": "logistic regression", "majority": "majority label"},
    pictures={
        "scores.png": "scores",
        "confusion.png": "which label is taken for which",
        "calibration.png": "how often the model is right when it says how sure it is",
    },
    contradictions=_contradictions,
)
