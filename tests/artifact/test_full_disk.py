"""A full disk is the same sentence, whoever finds it."""

import errno
import os
import re
import sqlite3
import tempfile
from pathlib import Path

import numpy as np
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import TEMPORARILY_UNAVAILABLE
from sqlalchemy.exc import OperationalError

from seqloom.artifact import full_disk as module
from seqloom.artifact.full_disk import full_disk, full_disk_reported, full_folder, has_no_space, says_full
from seqloom.artifact.sqlite_file import prepare
from seqloom.errors import UserError

SQLITE = sqlite3.OperationalError("database or disk is full")
ALCHEMY = OperationalError("INSERT …", {}, SQLITE)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(module, "_free", lambda _place: module.LITTLE)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def caused_by(error: BaseException) -> RuntimeError:
    made = RuntimeError("something else")
    made.__cause__ = error
    return made


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "as the system says it"),
        OSError(errno.EDQUOT, "as the system says it"),
        OSError(errno.EFBIG, "as the system says it"),
        OSError("[Errno 28] Error writing bytes to file. Detail: [errno 28] No space left on device"),
        SQLITE,
        ALCHEMY,
        MlflowException(str(ALCHEMY), error_code=TEMPORARILY_UNAVAILABLE),
        Exception("I/O error: No space left on device (os error 28)"),
        OSError("800 requested and 32 written"),
        caused_by(ALCHEMY),
    ],
    ids=repr,
)
def test_every_way_to_say_it_is_known(error: Exception, home: Path) -> None:
    assert says_full(error)
    assert full_folder(error) is not None
    with pytest.raises(UserError, match=f"^{re.escape(full_disk(home))}$"), full_disk_reported(home):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOENT, "No such file"),
        sqlite3.OperationalError("database is locked"),
        UserError("disk is full"),
    ],
    ids=repr,
)
def test_what_says_something_else_is_left_alone(error: Exception, home: Path) -> None:
    assert not says_full(error)
    assert full_folder(error) is None
    with pytest.raises(type(error), match=re.escape(str(error))), full_disk_reported(home):
        raise error


def test_the_sentence_names_the_place_and_what_may_be_larger(home: Path, tmp_path: Path) -> None:
    here = OSError(errno.ENOSPC, "full", str(home / "artifacts" / "x.parquet"))
    assert full_folder(here) == home
    assert full_disk(home).startswith(f"the disk is full below {home}: free some space there, or set SEQLOOM_HOME to")
    there = OSError(errno.ENOSPC, "full", "/elsewhere/out/x.parquet")
    assert full_folder(there) == Path("/elsewhere/out")
    assert full_disk(Path("/elsewhere/out")) == (
        "the disk is full below /elsewhere/out: free some space there and run the same command again; what is finished "
        "is kept"
    )
    assert "TMPDIR" in full_disk(Path(tempfile.gettempdir()))
    assert full_folder(OSError(errno.ENOSPC, "full", str(tmp_path / "x"))) in (tmp_path, Path(tempfile.gettempdir()))


def test_a_server_that_cannot_write_does_not_say_why(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    error = RuntimeError("500 Internal Server Error")
    assert full_folder(error) is None
    monkeypatch.setattr(module, "_free", lambda place: 0 if place == home else module.LITTLE)
    assert full_folder(error) == home
    assert has_no_space(home)


def test_a_disk_that_does_not_exist_yet_is_that_of_its_parents(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.undo()
    assert not home.exists()
    assert not has_no_space(home)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")  # noqa: PTH110
def test_what_libraries_really_say(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="written") as caught, Path("/dev/full").open("wb") as file:
        np.arange(10**6).tofile(file)
    assert says_full(caught.value)
    del tmp_path


def test_a_draft_of_a_database_is_not_in_the_way(tmp_path: Path) -> None:
    def full(draft: Path) -> None:
        draft.write_bytes(b"half")
        raise ALCHEMY

    with pytest.raises(OperationalError):
        prepare(tmp_path / "a.db", "a database", lambda _: True, full)
    assert [path.name for path in tmp_path.iterdir()] == [".a.db.lock"]
