"""Commands of the docs that change a recipe of ours: the recipe that they ask for is accepted."""

import re
import shlex
from itertools import pairwise
from pathlib import Path

import pytest

from seqloom.recipe.recipe_loader import load_recipe

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
OURS = "|".join(path.name for path in (ROOT / "recipes").glob("*.yaml"))
CHANGED = re.compile(rf"^ *seqloom \w+ (?:recipes/)?(?:{OURS}) .*-o .*", re.MULTILINE)
COMMANDS = [
    pytest.param(command, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, command in enumerate(CHANGED.findall(page.read_text(encoding="utf-8").replace("\\\n", " ")))
]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_recipe_with_these_overrides_is_accepted(command: str) -> None:
    words = shlex.split(command, comments=True)
    changes = [value for option, value in pairwise(words) if option == "-o"]
    assert changes
    load_recipe(ROOT / "recipes" / Path(words[2]).name, changes)
