"""Columns of test rows are those of the files that the corpus was built of, and of no later ones."""

import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from seqloom.artifact import cache_key
from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import CORPUS
from seqloom.artifact.digest import digest_of_value
from seqloom.artifact.manifest import Manifest
from seqloom.corpus.corpus_files import read_split
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.evaluation.row_columns import with_recipe_columns
from seqloom.progress import unwatched
from seqloom.recipe.schema import Recipe

ROWS = pd.DataFrame(
    {
        "source": [f"text {n} of a row" for n in range(40)],
        "target": [f"Text {n}" for n in range(40)],
        "product": [f"p{n}" for n in range(40)],
    }
)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path))
    return tmp_path


def corpus_of(home: Path, **corpus: Any) -> tuple[Recipe, Manifest]:
    recipe = Recipe.model_validate(
        {"name": "a", "corpus": {"test_share": 0.3, **corpus}, "evaluation": {"slice_by": ["product"]}}
    )
    sources = locate(recipe.corpus, home)
    key = CORPUS.key(recipe, [digest_of_value(sources.digests)])
    return recipe, Store(home).build(
        CORPUS.name, key, lambda folder: build_corpus(recipe.corpus, sources, folder, unwatched)
    )


def products(recipe: Recipe, corpus: Manifest) -> list[str] | None:
    rows = with_recipe_columns(recipe, read_split(corpus.path, "test"), corpus.path)
    if "slice:product" not in rows:
        return None
    assert rows["slice:product"].tolist() == [f"p{source.split()[1]}" for source in rows["source"]]
    return list(rows["slice:product"])


def test_a_file_that_was_changed_since_gives_no_slices(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    ROWS.to_csv(file := home / "a.csv", index=False)
    recipe, corpus = corpus_of(home, train=[str(file)])
    assert products(recipe, corpus)
    ROWS[::-1].to_csv(file, index=False)
    assert products(recipe, corpus) is None
    assert "evaluation.slice_by: the files of the corpus were changed" in caplog.text


def test_a_file_that_is_gone_gives_no_slices_and_ends_nothing(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    ROWS.to_csv(file := home / "a.csv", index=False)
    recipe, corpus = corpus_of(home, train=[str(file)])
    file.unlink()
    assert products(recipe, corpus) is None
    assert "evaluation.slice_by: the files of the corpus cannot be read again" in caplog.text
    assert str(file) in caplog.text


def test_an_upgrade_since_leaves_the_slices(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ROWS.to_csv(file := home / "a.csv", index=False)
    recipe, corpus = corpus_of(home, train=[str(file)])
    monkeypatch.setattr(cache_key, "digest_of_code", lambda _: "other code")
    monkeypatch.setattr(cache_key, "library_versions", lambda names: dict.fromkeys(names, "99"))
    assert products(recipe, corpus)


def test_a_corpus_from_before_the_digest_was_kept_is_known_by_its_key(home: Path) -> None:
    ROWS.to_csv(file := home / "a.csv", index=False)
    recipe, corpus = corpus_of(home, train=[str(file)])
    replace(corpus, facts={"rows": corpus.facts["rows"]}).write(corpus.path)
    assert products(recipe, corpus)
    ROWS[::-1].to_csv(file, index=False)
    assert products(recipe, corpus) is None


def test_the_rows_of_a_query_are_those_that_were_fetched(home: Path) -> None:
    place = home / "a.db"
    with sqlite3.connect(place) as database:
        ROWS.to_sql("tickets", database, index=False)
        recipe, corpus = corpus_of(home, train=[f"sqlite:///{place}"], query="SELECT * FROM tickets")
        before = products(recipe, corpus)
        ROWS[::-1].head(20).to_sql("tickets", database, index=False, if_exists="replace")
    database.close()
    assert before
    assert products(recipe, corpus) == before
