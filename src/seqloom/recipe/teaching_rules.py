"""Rules of a teacher: what it answers, how an endpoint is asked, and what excludes it.

A bare GPU machine imports this without pydantic, so the fields are imported for their types alone.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from seqloom.recipe.endpoint_rules import IN_RECIPE, endpoint_errors

if TYPE_CHECKING:
    from seqloom.recipe.recipe_fields import RecipeFields

OF_ENDPOINTS = (
    "model", "prompt_file", "key", "answers", "temperature", "max_tokens", "concurrency", "requests_per_minute",
    "request_budget", "token_budget",
)  # fmt: skip


def is_endpoint(teacher: str) -> bool:
    """Return whether a teacher is named by an address."""
    return "://" in teacher


def teaching_errors(recipe: "RecipeFields") -> Iterator[str]:
    """Yield a sentence for each contradiction about the teacher and its texts."""
    corpus = recipe.corpus
    texts = [name for name in ("monolingual_source", "monolingual_target") if getattr(corpus, name)]
    if bool(corpus.teacher) != bool(texts):
        yield "corpus.teacher answers the texts of corpus.monolingual_source or monolingual_target: give both, or none"
    if is_endpoint(corpus.teacher):
        yield from _endpoint_errors(recipe)
    else:
        yield from _unused_errors(recipe)
    if bool(recipe.teaching.round_trip) != bool(recipe.teaching.round_trip_chrf):
        yield "teaching.round_trip is a model of the direction back, and round_trip_chrf its limit: give both, or none"
    if is_endpoint(recipe.teaching.round_trip):
        yield "teaching.round_trip is a registered version or a folder, and no endpoint"
    if recipe.teaching.round_trip and recipe.task == "sentiment":
        yield "teaching.round_trip translates answers back, and of task sentiment these are labels: remove it"
    if not texts:
        return
    if len(texts) > 1:
        yield "corpus.monolingual_source and monolingual_target need models of two directions: give one of them"
    answered = ("translation", "summarization", "transduction", *(("sentiment",) if corpus.monolingual_source else ()))
    for field, used, why in (
        (f"task {recipe.task}", recipe.task not in answered, "there is no such side to be written by a teacher"),
        ("corpus.turns", corpus.turns, "a text is no dialogue"),
        ("corpus.sources", corpus.sources, "rows would be of no source: answer them by seqloom distill"),
        ("corpus.features", corpus.features, "a text has none"),
        ("corpus.memory", corpus.memory, "it joins pairs of people, before there are others"),
        ("corpus.knowledge", corpus.knowledge, "it is joined to the sources of people, before there are others"),
        ("corpus.overfit", corpus.overfit, "rows of a teacher are in no held-out split"),
    ):
        if used:
            yield f"{field} and corpus.{texts[0]} exclude each other, since {why}: remove one"


def _endpoint_errors(recipe: "RecipeFields") -> Iterator[str]:
    """Yield what an endpoint lacks or has in vain."""
    asked = recipe.teaching
    yield from endpoint_errors(recipe.corpus.teacher, asked.model, asked.prompt_file, asked.key, IN_RECIPE)
    if asked.agreement and asked.answers == 1:
        yield "teaching.agreement is among several answers: set teaching.answers above 1, or agreement to 0"
    if asked.answers > 1 and not asked.temperature:
        yield "teaching.answers are all the same at temperature 0: set teaching.temperature above 0, or answers to 1"


def _unused_errors(recipe: "RecipeFields") -> Iterator[str]:
    """Yield the fields that only an endpoint has a use for; without a teacher, a form may change those of a file."""
    set_fields = recipe.teaching.model_dump(exclude_defaults=True)
    if not recipe.corpus.teacher:
        return
    for name in OF_ENDPOINTS:
        if name in set_fields:
            yield f"teaching.{name} is of an endpoint, and corpus.teacher is a model of ours: remove it"
    if recipe.teaching.agreement:
        yield "teaching.agreement is among several answers of an endpoint, and corpus.teacher gives one: set it to 0"
