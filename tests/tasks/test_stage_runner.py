import re
from typing import Any, cast
from unittest.mock import Mock

import pytest
from mlflow.exceptions import MlflowException
from prefect.client.schemas.objects import State

from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection, Recipe
from tasks.stage_runner import artifact_key, retry_can_help


@pytest.mark.parametrize("name", ["plain", "Jupyter.Lab_en-ZH", "a..b", "0"])
@pytest.mark.parametrize("parts", [(), ("corpus",), ("training", "progress")])
def test_the_key_of_an_artifact_is_one_that_prefect_takes(name: str, parts: tuple[str, ...]) -> None:
    key = artifact_key(Recipe(name=name, corpus=CorpusSection(train=["x"])), *parts)
    assert re.fullmatch("[a-z0-9-]+", key)
    assert key.endswith("-".join(parts))
    assert len(key) == len("-".join((name, *parts)))


@pytest.mark.parametrize(
    ("error", "again"),
    [
        pytest.param(OSError("the network is down"), True, id="network"),
        pytest.param(ConnectionResetError(), True, id="connection"),
        pytest.param(MlflowException("later", error_code=500), True, id="MLflow is down"),
        pytest.param(MlflowException("no such run", error_code=5), False, id="MLflow refuses"),
        pytest.param(UserError("correct corpus.train"), False, id="a mistake"),
        pytest.param(ZeroDivisionError(), False, id="a bug"),
    ],
)
def test_only_what_passes_by_itself_is_tried_again(error: Exception, again: bool) -> None:
    assert retry_can_help(cast(Any, None), cast(Any, None), state_of(error)) is again


def test_what_went_well_is_not() -> None:
    assert not retry_can_help(cast(Any, None), cast(Any, None), cast("State[Any]", Mock(result=lambda: 1)))


def state_of(error: Exception) -> "State[Any]":
    """As Prefect hands it over: its result raises."""
    return cast("State[Any]", Mock(result=Mock(side_effect=error)))
