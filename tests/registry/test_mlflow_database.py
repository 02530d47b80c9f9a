"""The database of the embedded MLflow, after kills of those who made it in its place."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from seqloom.artifact.home_folder import database_file
from seqloom.errors import UserError
from seqloom.registry import mlflow_database
from seqloom.registry.mlflow_database import prepare_ours
from seqloom.registry.mlflow_tracking import connect


@pytest.fixture(scope="module")
def steps(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """What lies in the place of a database while MLflow itself makes it there, a moment after the other."""
    folder = tmp_path_factory.mktemp("steps")
    file = folder / "mlflow.db"
    copies: list[Path] = []

    def copy(statement: str) -> None:
        if statement.startswith(("CREATE TABLE", "ALTER", "INSERT INTO alembic", "DROP TABLE")) and file.exists():
            copies.append(Path(shutil.copyfile(file, folder / f"{len(copies)}.db")))

    from mlflow.store.db.utils import create_sqlalchemy_engine
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
    from sqlalchemy import event

    engine = create_sqlalchemy_engine(f"sqlite:///{file}")
    event.listen(engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: copy(statement.strip()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SqlAlchemyStore, "_get_or_create_engine", classmethod(lambda *_: engine))
        SqlAlchemyStore(f"sqlite:///{file}", (folder / "files").as_uri())
    engine.dispose()
    return [*copies, file]


@pytest.fixture
def made(steps: list[Path], monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Drafts that were made, in no time."""
    drafts: list[Path] = []

    def make(draft: Path, _files: str) -> None:
        drafts.append(Path(shutil.copyfile(steps[-1], draft)))

    monkeypatch.setattr(mlflow_database, "_make", make)
    return drafts


def test_every_half_of_one_is_made_anew(steps: list[Path], made: list[Path], tmp_path: Path) -> None:
    assert len(steps) > 50
    some = [*steps[:-1:12], steps[-1]]
    for number, step in enumerate(some):
        shutil.copyfile(step, database_file(tmp_path))
        prepare_ours(tmp_path)
        assert len(made) == min(number + 1, len(some) - 1)  # the last one is whole
    assert MlflowClient(f"sqlite:///{database_file(tmp_path)}").search_experiments()


def test_a_new_one_names_the_home_its_place(tmp_path: Path) -> None:
    [default] = connect(tmp_path / "a ü").search_experiments()
    assert default.artifact_location == (tmp_path / "a ü" / "mlflow" / "0").as_uri()


def spoil(home: Path, whole: Path, *statements: str) -> None:
    shutil.copyfile(whole, database_file(home))
    with closing(sqlite3.connect(database_file(home))) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


@pytest.mark.parametrize(
    ("revision", "sentence"),
    [
        ("451aebb31d03", r"written by an older MLflow.*mlflow db upgrade 'sqlite:///.*mlflow\.db'"),
        ("ffffffffffff", "written by a newer MLflow"),
    ],
)
def test_one_that_holds_a_run_is_kept(revision: str, sentence: str, steps: list[Path], tmp_path: Path) -> None:
    spoil(
        tmp_path,
        steps[-1],
        "INSERT INTO runs (run_uuid) VALUES ('a')",
        f"UPDATE alembic_version SET version_num = '{revision}'",
    )
    before = database_file(tmp_path).read_bytes()
    with pytest.raises(UserError, match=sentence):
        prepare_ours(tmp_path)
    assert database_file(tmp_path).read_bytes() == before


def test_a_registered_model_is_kept_too(steps: list[Path], tmp_path: Path) -> None:
    spoil(
        tmp_path,
        steps[-1],
        "INSERT INTO registered_models (name, workspace) VALUES ('a', 'b')",
        "DELETE FROM alembic_version",
    )
    with pytest.raises(UserError, match="older MLflow"):
        prepare_ours(tmp_path)


def test_a_database_of_the_users_is_made_whole_too(
    made: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "theirs.db"
    theirs.touch()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{theirs}")
    connect(tmp_path / "home")
    assert [draft.name for draft in made] == [".theirs.db-draft"]
    assert not (tmp_path / "home").exists()


def test_a_finished_one_is_looked_at_without_a_lock(made: list[Path], tmp_path: Path) -> None:
    prepare_ours(tmp_path)
    for file in tmp_path.glob(".*.lock"):
        file.unlink()
    prepare_ours(tmp_path)
    assert len(made) == 1
    assert not list(tmp_path.glob(".*.lock"))
