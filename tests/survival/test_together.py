"""Runs at the same time, of the same recipe and of two that share a corpus."""

import shutil
from concurrent.futures import ThreadPoolExecutor

from tests.flows.conftest import DATA
from tests.survival.stack import EPOCHS, Stack, recipe


def test_what_is_shared_is_made_once_and_all_end_well(stack: Stack) -> None:
    fresh = stack.folder / "fresh.tsv"  # a corpus that nobody has read
    shutil.copyfile(DATA, fresh)
    with fresh.open("a", encoding="utf-8") as file:
        file.write("a fresh line\teine frische Zeile\n")
    recipes = [{**recipe(name), "corpus": {"train": [str(fresh)]}} for name in ("twin", "twin", "cousin")]
    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(stack.run, recipes))
    for run in runs:
        stack.ends(run, "Completed", 150)
    twin, cousin = stack.told_once("twin", EPOCHS), stack.told_once("cousin", EPOCHS)
    assert twin != cousin
    stages = [stack.stages(run) for run in runs]
    for stage in ("corpus", "vocabulary", "vectors", "dataset"):
        assert sorted(each[stage] for each in stages) == ["Cached", "Cached", "Completed"], stage
    for stage in ("training", "evaluation", "registry"):
        assert sorted(each[stage] for each in stages[:2]) == ["Cached", "Completed"], stage
