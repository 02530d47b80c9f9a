"""Rules of a differentially private training: parts of a recipe that its epsilon would not hold for.

Its epsilon is of rows that are drawn alike, each read by itself, of weights that learn from nothing else, and of a
version that keeps nothing else. A bare GPU machine imports this without pydantic, so the fields are imported for their
types alone.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqloom.recipe.model_rules import RECURRENT

if TYPE_CHECKING:
    from seqloom.recipe.recipe_fields import RecipeFields

Obstacle = tuple[str, bool, str, str]  # the field, whether the recipe uses it, why it excludes privacy, what to do

LEARNED_VECTORS = ("word2vec", "fasttext")


def privacy_errors(recipe: "RecipeFields") -> Iterator[str]:
    """Yield a sentence for each field that a private training cannot have."""
    if not recipe.training.privacy_epsilon:
        return
    for field, used, why, remedy in (*_rows_unlike(recipe), *_learned_without_noise(recipe), *_kept(recipe)):
        if used:
            yield f"training.privacy_epsilon does not hold with {field}, since {why}: {remedy}, or set it to 0"


def _rows_unlike(recipe: "RecipeFields") -> Iterator[Obstacle]:
    """Yield fields with which rows are not drawn alike, or not read each by itself."""
    corpus, training = recipe.corpus, recipe.training
    yield (
        "corpus.format running",
        corpus.format == "running",
        "blocks of running text are no rows, and every epoch cuts others",
        "give texts one a line",
    )
    yield (
        "corpus.turns",
        bool(corpus.turns),
        "a turn stands in several rows of its dialogue",
        "train on pairs of single turns",
    )
    yield (
        "weights of corpus.sources",
        any(source.weight != 1 for source in corpus.sources),
        "every row has to be drawn with the same probability",
        "set each weight to 1",
    )
    yield (
        "training.objective masked",
        training.objective == "masked",
        "tokens of other rows stand in for masked ones",
        "set it to sequence",
    )
    yield (
        "several training.processes or training.nodes",
        training.processes * training.nodes > 1,
        "each would draw and noise rows of its own",
        "set both to 1",
    )


def _learned_without_noise(recipe: "RecipeFields") -> Iterator[Obstacle]:
    """Yield fields with which weights learn from the rows outside of the private training."""
    yield (
        "corpus.teacher",
        bool(recipe.corpus.teacher),
        "what it answers may repeat rows that it learned from without noise",
        "remove it",
    )
    yield (
        f"vectors.method {recipe.vectors.method}",
        recipe.vectors.method in LEARNED_VECTORS,
        "word vectors learned from the rows would go into the weights without noise",
        "set it to none, or to pretrained with vectors of other text",
    )
    yield (
        "model.ngram_order",
        bool(recipe.model.ngram_order),
        "the linear part is fitted to the rows without noise and keeps their n-grams",
        "set it to 0",
    )
    yield (
        "pretraining.corpus",
        bool(recipe.pretraining.corpus),
        "the encoder would learn from the training sources without noise",
        "remove it, or name an encoder of other text in training.start_encoder_from",
    )


def _kept(recipe: "RecipeFields") -> Iterator[Obstacle]:
    """Yield fields with which the version keeps something of the training rows beside its weights."""
    corpus, model = recipe.corpus, recipe.model
    yield (
        "corpus.memory",
        bool(corpus.memory),
        "a row is read with other rows of the training split, which the version keeps",
        "set it to 0",
    )
    yield (
        "corpus.knowledge",
        bool(corpus.knowledge),
        "the version keeps its table as it is",
        "remove it",
    )
    yield (
        "corpus.features",
        bool(corpus.features),
        "the version keeps mean and deviation of the training rows' features",
        "remove it",
    )
    yield (
        "task reconstruction",
        recipe.task == "reconstruction",
        "the version keeps mean and covariance of the training rows' vectors",
        "choose another task",
    )
    yield (
        "model.attention none of a recurrent decoder",
        model.attention == "none" and model.decoder in RECURRENT and model.encoder != "none",
        "the version keeps mean and covariance of the training rows' vectors",
        "set it to additive or multiplicative",
    )
