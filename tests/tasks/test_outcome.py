"""What a refused version's corpus lacks."""

import pytest

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.recipe_loader import check_recipe
from tasks.outcome import shortage

CASES = [
    ("translation", {}, "champion", 14, 300, []),
    ("translation", {}, "refused", 14, 300, ["14 test rows hardly", "holds out some 64", "300 rows are little"]),
    (
        "translation",
        {"test": ["y"]},
        "refused",
        14,
        300,
        ["14 test rows hardly tell two models apart.", "300 rows"],
    ),
    ("sentiment", {}, "refused", 120, 1_200, []),
    ("translation", {}, "refused", 120, 1_200, ["1,200 rows are little"]),
    ("translation", {}, "refused", 1_000, 20_000, []),
]


@pytest.mark.parametrize(("task", "corpus", "verdict", "test", "train", "words"), CASES)
def test_what_is_said(
    task: str, corpus: dict[str, list[str]], verdict: str, test: int, train: int, words: list[str]
) -> None:
    recipe = check_recipe({"name": "a", "task": task, "corpus": {"train": ["x"], **corpus}}, "recipe")
    rows = {"train": train, "validation": 4, "test": test}
    manifest = Manifest("corpus", "key", "digest", "folder", 0.0, {"rows": rows})
    told = " ".join(shortage(recipe, manifest, verdict))
    assert bool(told) == bool(words)
    for each in words:
        assert each in told
