"""prefect.yaml: every recipe has its night, and what a deployment says can be run."""

import importlib
import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

from seqloom.corpus.package_files import PACKAGE
from seqloom.recipe.recipe_loader import load_recipe

ROOT = Path(__file__).parents[1]
DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
RECIPES = sorted((ROOT / "recipes").glob("*.yaml"))
NIGHTLY = [deployment for deployment in DEPLOYMENTS if "nightly" in deployment["tags"]]


def test_each_recipe_has_a_night_of_its_own() -> None:
    expected = {f"nightly-{recipe.stem}": {"recipe_file": f"recipes/{recipe.name}"} for recipe in RECIPES}
    assert {deployment["name"]: deployment["parameters"] for deployment in NIGHTLY} == expected


@pytest.mark.parametrize("deployment", NIGHTLY, ids=lambda deployment: str(deployment["name"]))
def test_a_night_has_a_time_zone_and_rests_where_its_text_is_not_at_hand(deployment: dict[str, Any]) -> None:
    [schedule] = deployment["schedules"]
    assert schedule["cron"]
    assert schedule["timezone"]
    corpus = load_recipe(ROOT / deployment["parameters"]["recipe_file"]).corpus
    places = [*corpus.train, *corpus.validation, *corpus.test]
    at_hand = all(place.startswith(PACKAGE) or (ROOT / place).is_file() for place in places)
    assert at_hand or not schedule.get("active", True)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: str(deployment["name"]))
def test_a_deployment_can_be_run_and_says_what_it_is(deployment: dict[str, Any]) -> None:
    file, _, name = deployment["entrypoint"].partition(":")
    flow = getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)
    taken = inspect.signature(flow.fn).parameters
    given = [deployment.get("parameters", {})]
    given += [trigger["parameters"] for trigger in deployment.get("triggers", [])]
    assert all(parameters.keys() <= taken.keys() for parameters in given)
    assert deployment["version"] == "{{ commit.stdout }}"
    assert deployment["description"].endswith(".")
    assert "seqloom" in deployment["tags"]
    if "training" in deployment["tags"]:
        assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}
