"""The newcomer's page: its recipe is one, and its deployment is of a flow that takes it."""

import importlib
import inspect
import re
from pathlib import Path

import yaml

from flows.stack.layout import CPU_POOL
from seqloom.recipe.loading import load_recipe

PAGE = (Path(__file__).parents[1] / "docs" / "your-own-data.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"`(\w+\.yaml)`[^`]*```yaml\n(.*?)```", PAGE, re.DOTALL))


def test_the_recipe_is_of_the_columns_that_the_table_gets(tmp_path: Path) -> None:
    (tmp_path / "tickets.yaml").write_text(FILES["tickets.yaml"], encoding="utf-8")
    recipe = load_recipe(tmp_path / "tickets.yaml")
    assert f"models:/{recipe.name}@champion" in PAGE
    for column in (recipe.corpus.source_column, recipe.corpus.target_column):
        assert f"'{column}'" in PAGE


def test_the_deployment_can_be_run() -> None:
    [deployment] = yaml.safe_load(FILES["prefect.yaml"])["deployments"]
    module, _, name = deployment["entrypoint"].rpartition(".")
    flow = getattr(importlib.import_module(module), name)
    assert deployment["parameters"].keys() <= inspect.signature(flow.fn).parameters.keys()
    assert deployment["parameters"]["recipe_file"] in FILES
    assert deployment["work_pool"] == {"name": CPU_POOL}
    assert f"deployment run {flow.name}/{deployment['name']} " in PAGE
