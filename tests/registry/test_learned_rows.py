"""Whose training text may hold today's test rows."""

from pathlib import Path

import pandas as pd
from mlflow import MlflowClient

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.manifest import Manifest
from seqloom.registry.learned_rows import older_corpora, unlearned_rows
from seqloom.registry.lineage import write_lineage
from seqloom.registry.registered_version import KEY_TAG
from tests.registry.tiny import recipe_named

NAME = "nightly"


def corpus_with(home: Path, text: str) -> Manifest:
    def write(folder: Path) -> dict[str, object]:
        pd.DataFrame({"source": [text], "target": [text]}).to_parquet(folder / "train.parquet")
        return {}

    return Store(home).build("corpus", f"key of {text}", write)


def test_the_champion_its_ancestors_and_those_of_the_version_are_looked_through(
    client: MlflowClient, home: Path, tmp_path: Path
) -> None:
    corpora = [corpus_with(home, text) for text in ("a dog", "a cat", "a cow")]
    client.create_registered_model(NAME)
    for number, corpus in enumerate(corpora, 1):
        client.create_model_version(NAME, str(tmp_path), tags={KEY_TAG: "key"})
        parent = f"models:/{NAME}/{number - 1}" if number > 1 else "none"
        write_lineage(client, NAME, str(number), {"corpus": corpus.digest[:16], "parent version": parent})
    first, second, third = (corpus.path for corpus in corpora)
    assert older_corpora(client, NAME, 2, 3, third, home) == [second, first]
    found = older_corpora(client, NAME, 1, 3, third, home)
    assert sorted(map(str, found)) == sorted(map(str, [first, second])), "what version 3 went on from knows it, too"
    assert older_corpora(client, NAME, 1, 1, first, home) == [], "the version's own text was looked through before"
    texts = ["A dog.", "a bird", "a cat", "a cow"]
    assert unlearned_rows(recipe_named("all"), texts, found, 1)[0] == [1, 3]
    every = recipe_named("all", evaluation={"test_rows": "all"})
    assert unlearned_rows(every, texts, found, 1) == ([0, 1, 2, 3], []), "where traffic repeats what was learned"
    client.delete_model_version(NAME, "1")
    assert older_corpora(client, NAME, 2, 3, third, home) == [second, None]
    client.delete_registered_model(NAME)  # others look through all there are
