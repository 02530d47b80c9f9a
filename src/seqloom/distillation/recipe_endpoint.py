"""The endpoint of a recipe: `corpus.teacher` as an address, with the section `teaching`."""

from pathlib import Path

from seqloom.distillation.endpoint_teacher import Endpoint
from seqloom.distillation.prompt_file import read_prompt
from seqloom.recipe.schema import Recipe


def endpoint_of(recipe: Recipe) -> Endpoint:
    """Return the endpoint that is the teacher of a recipe.

    Raises:
        UserError: the prompt's file cannot be used.
    """
    asked = recipe.teaching
    return Endpoint(
        url=recipe.corpus.teacher,
        model=asked.model,
        prompt=read_prompt(Path(asked.prompt_file), "teaching.prompt_file"),
        key=asked.key,
        answers=asked.answers,
        temperature=asked.temperature,
        max_tokens=asked.max_tokens,
        concurrency=asked.concurrency,
        requests_per_minute=asked.requests_per_minute,
        request_budget=asked.request_budget,
        token_budget=asked.token_budget,
    )
