"""The rows of a query: streamed, read-only, told apart by their digest, and no password anywhere."""

import logging
import sqlite3
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from seqloom.corpus.download import download_cache
from seqloom.corpus.sources import SourceFile, locate
from seqloom.errors import Unreachable, UserError
from seqloom.recipe.recipe_json import write_recipe
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.sections.source_section import places_of
from tests.postgres_server import PASSWORD, QUOTED, postgres_server
from tests.stack.stack_process import free_port

from .files import corpus, pairs_in
from .test_stage import built

ROWS = [(1, "one", "eins"), (2, "two; 100 %", "zwei"), (3, "three\nlines", "drei"), (4, None, "vier")]
QUERY = "SELECT source, target FROM pairs"
PAIRS = [(source or "", target) for _, source, target in ROWS]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "pairs.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE pairs (id INTEGER, source TEXT, target TEXT)")
        connection.executemany("INSERT INTO pairs VALUES (?, ?, ?)", ROWS)
    return path


def located(place: str, home: Path, **fields: Any) -> SourceFile:
    section = corpus(**{"train": [place], "query": QUERY, **fields})
    [(file,)] = locate(section, home).train.rows
    return file


def read(place: str, home: Path, **fields: Any) -> list[tuple[str, str]]:
    section = corpus(**{"train": [place], "query": QUERY, **fields})
    return [(pair.source, pair.target) for pair in pairs_in(locate(section, home).train.rows[0], section)]


def test_the_rows_of_a_query(database: Path, tmp_path: Path) -> None:
    place = f"sqlite:///{database}"
    assert read(place, tmp_path) == PAIRS
    query = "-- numbers too\nSELECT id, target AS t, 'a:b' AS c FROM pairs WHERE source LIKE '%o%' ORDER BY id DESC;"
    assert read(place, tmp_path, query=query, source_column="id", target_column="t") == [("2", "zwei"), ("1", "eins")]


def test_a_query_has_changed_when_its_rows_have(database: Path, tmp_path: Path) -> None:
    place, ordered = f"sqlite:///{database}", f"{QUERY} ORDER BY rowid"
    before, in_order = located(place, tmp_path).digest, located(place, tmp_path, query=ordered).digest
    assert located(place, tmp_path).digest == before
    with sqlite3.connect(database) as connection:  # the same rows, which now come in another order
        connection.execute("DELETE FROM pairs")
        connection.executemany("INSERT INTO pairs VALUES (?, ?, ?)", ROWS[::-1])
    assert located(place, tmp_path).digest == before
    assert located(place, tmp_path, query=ordered).digest != in_order
    with download_cache():
        located(place, tmp_path)
        with sqlite3.connect(database) as connection:
            connection.execute("INSERT INTO pairs VALUES (5, 'one', 'eins')")
        assert located(place, tmp_path).digest == before, "one run sees the same rows from its beginning to its end"
    assert located(place, tmp_path).digest != before, "a row that comes again counts, too"


def test_memory_does_not_grow_with_the_rows(database: Path, tmp_path: Path) -> None:
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) "
    query = numbers.format(20_000) + "SELECT i AS source, printf('%0300d', i) AS target FROM n"
    located(f"sqlite:///{database}", tmp_path)
    tracemalloc.start()
    file = located(f"sqlite:///{database}", tmp_path, query=query)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert file.path.stat().st_size > 6_000_000
    assert peak < 4_000_000


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"query": ""}, "a database needs a query: set corpus.query to a SELECT"),
        ({"query": "DELETE FROM pairs"}, "corpus.query: 'DELETE FROM pairs' reads no rows; write a SELECT"),
        ({"query": "WITH a AS (SELECT 1) DELETE FROM pairs"}, "attempt to write a readonly database"),
        ({"query": "SELECT * FROM gone"}, "the query gives no rows (no such table: gone); correct corpus.query"),
        ({"query": f"{QUERY} WHERE id > 9"}, "the query gives no row; correct corpus.query"),
        ({"query": "SELECT x'00ff' AS source, 'b' AS target"}, "row 1: column source holds bytes, not text"),
        ({"query": f"{QUERY}; {QUERY}"}, "one statement at a time"),
        ({"format": "tmx"}, "a query gives a table with both sides; give corpus.train one place"),
        ({"train": ["sqlite:///gone.db"]}, "sqlite:///gone.db: no such file (looked in "),
        ({"train": ["oracle://h/x"]}, "sqlite, postgresql, postgres, mysql, mariadb) are understood; correct"),
        ({"train": ["mysql://h/x"]}, "the driver of this database is missing; pip install pymysql"),
        ({"train": ["postgresql://${NO_SUCH}@h/x"]}, "NO_SUCH is not set, which corpus.train asks for"),
        ({"train": ["postgresql://h:x/x"]}, "not the URL of a database"),
        ({"train": ["a.tsv"], "test": ["sqlite:///a.db"]}, "corpus.test: corpus.query is for the text of train"),
    ],
)
def test_what_is_no_query(fields: dict[str, Any], said: str, database: Path, tmp_path: Path) -> None:
    if fields.get("train") == ["a.tsv"]:
        (tmp_path / "a.tsv").write_text("source\ttarget\na\tb\n", encoding="utf-8")
        fields = {**fields, "train": [str(tmp_path / "a.tsv")]}
    with pytest.raises(UserError) as caught:
        located(f"sqlite:///{database}", tmp_path, **fields)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert read(f"sqlite:///{database}", tmp_path) == PAIRS, "nothing has changed"


@pytest.mark.parametrize("place", ["postgresql://ann:hush@db/x", "mysql+pymysql://ann@db/x", "postgres://:hush@db/x"])
def test_a_password_in_a_recipe_is_refused(place: str) -> None:
    with pytest.raises(UserError, match="a name or password for db stands in a URL") as caught:
        check_recipe({"name": "a", "corpus": {"train": [place], "query": QUERY}}, "recipe")
    assert "hush" not in str(caught.value)


def test_sources_with_queries(database: Path, tmp_path: Path) -> None:
    more = {
        "name": "more",
        "train": [f"sqlite:///{database}"],
        "query": "SELECT id AS source, 'n' AS target FROM pairs",
    }
    facts: Any = built(
        tmp_path, train=[f"sqlite:///{database}"], query=QUERY, sources=[more], overfit=True, source_name="db"
    )
    assert {name: of["read"] for name, of in facts["sources"].items()} == {"db": 4, "more": 4}
    with pytest.raises(UserError, match=r"set corpus.sources.more.query to a SELECT"):
        built(tmp_path, train=[str(tmp_path / "train.parquet")], sources=[{**more, "query": ""}])


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as url:
        engine = create_engine(url)
        with engine.begin() as connection:
            connection.execute(
                text("CREATE TABLE pairs (id INTEGER, source TEXT, target TEXT, at TIMESTAMP, n NUMERIC)")
            )
            wipe = "CREATE FUNCTION wipe() RETURNS int AS 'DELETE FROM pairs; SELECT 1' LANGUAGE SQL"
            connection.execute(text(wipe))
            for row in ROWS:
                told = dict(zip(("id", "source", "target"), row, strict=True))
                connection.execute(text("INSERT INTO pairs VALUES (:id, :source, :target, '2026-01-02', 1.50)"), told)
        engine.dispose()
        yield url


def test_a_postgres(
    postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("DB_USER", "seqloom")
    monkeypatch.setenv("DB_PASSWORD", PASSWORD)
    place = postgres.replace(f"seqloom:{QUOTED}", "${DB_USER}:${DB_PASSWORD}")
    caplog.set_level(logging.DEBUG)
    assert sorted(read(place, tmp_path)) == sorted(PAIRS)
    found = read(place, tmp_path, query="SELECT at, n FROM pairs LIMIT 1", source_column="at", target_column="n")
    assert found == [("2026-01-02 00:00:00", "1.50")]
    refused = {
        "WITH a AS (DELETE FROM pairs RETURNING *) SELECT * FROM a": "must not contain data-modifying statements",
        "SELECT setval('s', 1), nextval('s')": "does not exist",
        "SELECT wipe() AS source, '' AS target": "in a read-only transaction",
        "SELECT gone FROM pairs": 'column "gone" does not exist',
    }
    for query, reason in refused.items():
        with pytest.raises(UserError) as caught:
            read(place, tmp_path, query=query)
        assert reason in str(caught.value)
        assert PASSWORD not in str(caught.value)
    recipe = check_recipe({"name": "a", "corpus": {"train": [place], "query": QUERY}}, "recipe")
    write_recipe(recipe, tmp_path)
    kept = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    shown = "".join([caplog.text, *places_of(recipe.corpus, "train")])
    assert not [secret for secret in (PASSWORD, QUOTED) if secret in shown or any(secret.encode() in f for f in kept)]


def test_a_database_that_cannot_be_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", PASSWORD)
    place = "postgresql://${DB_PASSWORD}:${DB_PASSWORD}@127.0.0.1:" + f"{free_port()}/x"
    with pytest.raises(Unreachable, match="refused") as caught:
        located(place, tmp_path)
    assert PASSWORD not in str(caught.value)
