"""What a refused version's corpus lacks."""

from typing import Any

import pytest

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.recipe_loader import check_recipe
from tasks.outcome import shortage

OWN = [{"name": "web", "train": ["y"], "test_share": 0.1}, {"name": "held", "train": ["z"], "test_share": 0.5}]
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
    (
        "translation",
        {"sources": OWN},
        "refused",
        14,
        300,
        ["apart: corpus.test_share and test_share of source web of 0.2 would hold out more."],
    ),
    ("translation", {"sources": OWN, "test": ["y"]}, "refused", 14, 300, ["apart: test_share of source web of 0.2"]),
    ("translation", {"sources": OWN[1:], "test": ["y"]}, "refused", 14, 300, ["apart."]),
    ("sentiment", {}, "refused", 120, 1_200, []),
    ("translation", {}, "refused", 120, 1_200, ["1,200 rows are little"]),
    ("translation", {}, "refused", 1_000, 20_000, []),
]


@pytest.mark.parametrize(("task", "corpus", "verdict", "test", "train", "words"), CASES)
def test_what_is_said(task: str, corpus: dict[str, Any], verdict: str, test: int, train: int, words: list[str]) -> None:
    recipe = check_recipe({"name": "a", "task": task, "corpus": {"train": ["x"], **corpus}}, "recipe")
    rows = {"train": train, "validation": 4, "test": test}
    manifest = Manifest("corpus", "key", "digest", "folder", 0.0, {"rows": rows})
    told = " ".join(shortage(recipe, manifest, verdict))
    assert bool(told) == bool(words)
    for each in words:
        assert each in told
