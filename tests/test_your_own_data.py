"""The newcomer's page: its recipe is what init writes for its table, and its commands are of what init writes."""

import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from seqloom.cli.init_command import init
from seqloom.recipe.recipe_loader import check_recipe, load_recipe
from seqloom.stack.layout import CPU_POOL

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "your-own-data.md").read_text(encoding="utf-8")
[RECIPE] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
NAME = "tickets-en-de"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the page's command was given."""
    folder = tmp_path_factory.mktemp("work")
    table = pd.read_csv(ROOT / "data" / "phrases.tsv", sep="\t")
    table.rename(columns={"source": "english", "target": "german"}).to_csv(folder / "tickets.csv", index=False)
    assert "rename(columns={'source': 'english', 'target': 'german'}).to_csv('tickets.csv', index=False)" in PAGE
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        init(NAME, data=["tickets.csv"])
    assert f"seqloom init {NAME} --data tickets.csv" in PAGE
    return folder


def test_the_recipe_is_what_init_writes(written: Path) -> None:
    assert load_recipe(written / f"{NAME}.yaml") == check_recipe(yaml.safe_load(RECIPE), "the page")
    for command in (
        f"check {NAME}.yaml",
        f"train {NAME}.yaml",
        f"generate models:/{NAME}@champion",
        "--column english",
    ):
        assert command in PAGE


def test_its_night_is_a_deployment_that_init_writes(written: Path) -> None:
    deployments = yaml.safe_load((written / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    assert {deployment["work_pool"]["name"] for deployment in deployments} == {CPU_POOL}
    assert f"deployment run data-to-model/{deployments[0]['name']} " in PAGE
