"""What a private training is refused with, in a sentence each, and what is chosen for one."""

from typing import Any

import pytest

from seqloom.errors import UserError
from seqloom.recipe.adaptive_defaults import adapt
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import Recipe
from tests.models.plain import facts_of

Tree = dict[str, Any]


def recipe_of(task: str, *, epsilon: float = 8.0, **sections: Tree) -> Recipe:
    training = {**({"privacy_epsilon": epsilon} if epsilon else {}), **sections.pop("training", {})}
    corpus = {"train": ["x.csv"], **sections.pop("corpus", {})}
    return check_recipe({"name": "a", "task": task, "corpus": corpus, "training": training, **sections}, "recipe")


REFUSED: list[tuple[str, dict[str, Tree], str]] = [
    (
        "generation",
        {"corpus": {"format": "running"}},
        "corpus.format running, since blocks of running text are no rows",
    ),
    ("chat", {"corpus": {"turns": 2}}, "corpus.turns, since a turn stands in several rows of its dialogue"),
    ("translation", {"corpus": {"memory": 1}}, "corpus.memory, since a row is read with other rows"),
    ("translation", {"corpus": {"knowledge": "facts.csv"}}, "corpus.knowledge, since the version keeps its table"),
    (
        "translation",
        {"corpus": {"sources": [{"name": "more", "train": ["y.csv"], "weight": 2}]}},
        "weights of corpus.sources, since every row has to be drawn with the same probability",
    ),
    ("translation", {"corpus": {"features": "frames"}}, "corpus.features, since the version keeps mean and deviation"),
    ("sentiment", {"vectors": {"method": "word2vec"}}, "vectors.method word2vec, since word vectors learned from the"),
    ("sentiment", {"vectors": {"method": "fasttext"}}, "vectors.method fasttext, since word vectors learned from the"),
    (
        "sentiment",
        {"model": {"encoder": "cnn", "decoder": "classifier", "ngram_order": 2}},
        "model.ngram_order, since the linear part is fitted to the rows without noise",
    ),
    (
        "translation",
        {"model": {"encoder": "lstm", "decoder": "lstm", "attention": "none"}},
        "model.attention none of a recurrent decoder, since the version keeps mean and covariance",
    ),
    ("translation", {"pretraining": {"corpus": ["raw.txt"]}}, "pretraining.corpus, since the encoder would learn from"),
    ("reconstruction", {"corpus": {"format": "texts"}}, "task reconstruction, since the version keeps mean and"),
    ("translation", {"training": {"objective": "masked"}}, "training.objective masked, since tokens of other rows"),
    ("translation", {"training": {"processes": 2}}, "several training.processes or training.nodes, since each would"),
    (
        "translation",
        {"training": {"nodes": 2, "rendezvous": "10.0.0.5:29400"}},
        "several training.processes or training.nodes, since each would",
    ),
]


@pytest.mark.parametrize(("task", "sections", "says"), REFUSED, ids=[says.split(",")[0] for *_, says in REFUSED])
def test_what_epsilon_would_not_hold_for_is_refused(task: str, sections: dict[str, Tree], says: str) -> None:
    recipe_of(task, epsilon=0.0, **{name: dict(fields) for name, fields in sections.items()})
    with pytest.raises(UserError) as caught:
        recipe_of(task, **{name: dict(fields) for name, fields in sections.items()})
    message = str(caught.value)
    assert f"training.privacy_epsilon does not hold with {says}" in message
    assert message.endswith(", or set it to 0")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("task", "sections"),
    [
        ("sentiment", {}),
        ("translation", {}),
        ("summarization", {"model": {"copy_attention": True}}),
        (
            "transduction",
            {"training": {"ema_decay": 0.9, "average_checkpoints": 3, "patience": 2, "precision": "bf16"}},
        ),
        ("translation", {"corpus": {"sources": [{"name": "more", "train": ["y.csv"]}], "privacy": "replace"}}),
        ("translation", {"training": {"start_from": "models:/public/1", "gradient_accumulation": 4}}),
        ("sentiment", {"vectors": {"method": "pretrained", "source_file": "public.vec"}}),
    ],
)
def test_the_rest_is_trained_privately_with_what_is_chosen(task: str, sections: dict[str, Tree]) -> None:
    adapted = adapt(recipe_of(task, **sections), facts_of(30_000)).recipe
    assert adapted.model.ngram_order == 0
    assert adapted.vectors.method in ("none", "pretrained")
    assert 1 <= adapted.training.epochs <= 10
    usual = adapt(recipe_of(task, epsilon=0.0, **sections), facts_of(30_000)).recipe
    assert adapted.training.batch_tokens > usual.training.batch_tokens


def test_a_delta_belongs_to_an_epsilon() -> None:
    with pytest.raises(UserError, match="privacy_delta is of a private training: set privacy_epsilon"):
        recipe_of("translation", epsilon=0.0, training={"privacy_delta": 1e-6})
