"""A job that went through its file, as another process reads it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from seqloom.recipe.schema import CorpusSection, Recipe
from seqloom.training.training_job import Scoring, TrainingJob, read_job
from tests.training.small import SIZES, model_section, training_section


def scorer(corpus: str) -> Any:
    return {"corpus": corpus}


@pytest.mark.parametrize("scoring", [None, Scoring.of(scorer, corpus="here")])
def test_what_is_written_is_read(scoring: Scoring | None, tmp_path: Path) -> None:
    recipe = Recipe(name="x", corpus=CorpusSection(train=["x"]), model=model_section(), training=training_section())
    job = TrainingJob(recipe, SIZES, *[tmp_path / name for name in "abcde"], scoring)
    job.write(tmp_path)
    assert replace(read_job(tmp_path), recipe=recipe) == job


def test_arguments_that_the_function_does_not_have_are_refused_before_the_training() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument"):
        Scoring.of(scorer, corpus="here", folder="there")  # type: ignore[call-arg]


def test_a_function_is_found_again() -> None:
    assert Scoring.of(scorer, corpus="here").build() == {"corpus": "here"}
