"""What others may do with a home and with an output."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from seqloom.artifact.permissions import hand_over, keep_private, output_file, output_folder
from seqloom.errors import UserError


@pytest.fixture(autouse=True)
def users_umask(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("SEQLOOM_UMASK", "SEQLOOM_OUTPUT_UMASK"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(place: Path) -> int:
    return place.stat().st_mode & 0o777


def test_a_new_home_is_its_users_alone(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert keep_private(home) == []
    (home / "artifacts").mkdir(parents=True)
    (home / "mlflow.db").write_bytes(b"")
    assert [mode(place) for place in (home, home / "artifacts", home / "mlflow.db")] == [0o700, 0o700, 0o600]


def test_a_home_from_before_is_closed_and_told_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "artifacts").mkdir(parents=True)
    [told] = keep_private(home)
    assert str(home) in told
    assert mode(home) == 0o700
    assert keep_private(home) == []


def test_what_is_not_ours_stays_as_it_is(tmp_path: Path) -> None:
    """A home that is a folder of something else too."""
    (tmp_path / "artifacts").mkdir()
    (tmp_path / "stack.lock").write_bytes(b"")
    (tmp_path / "thesis").mkdir()
    before = mode(tmp_path)
    assert len(keep_private(tmp_path)) == 1
    assert mode(tmp_path / "thesis") == 0o755
    assert mode(tmp_path) == before
    assert mode(tmp_path / "artifacts") == 0o700
    assert mode(tmp_path / "stack.lock") == 0o600


def test_a_team_may_share_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQLOOM_UMASK", "027")
    (tmp_path / "artifacts").mkdir(mode=0o777)
    tmp_path.chmod(0o755)
    keep_private(tmp_path)
    assert mode(tmp_path) == 0o750


@pytest.mark.parametrize("said", ["7x", "700", "1777", "-1", "none"])
def test_no_umask(tmp_path: Path, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEQLOOM_UMASK", said)
    with pytest.raises(UserError, match=f"SEQLOOM_UMASK={said} is no umask"):
        keep_private(tmp_path)


@pytest.mark.parametrize(("users", "folders", "files"), [(0o022, 0o755, 0o644), (0o002, 0o775, 0o664)])
def test_an_output_is_as_the_user_has_it(tmp_path: Path, users: int, folders: int, files: int) -> None:
    os.umask(users)
    keep_private(tmp_path / "home")
    keep_private(tmp_path / "home")  # as in a process that another one started
    out = tmp_path / "out" / "deep"
    output_folder(out)
    (out / "shards").mkdir()
    (out / "shards" / "one").write_bytes(b"")
    assert mode(out / "shards" / "one") == 0o600
    hand_over(out)
    assert [mode(place) for place in (out.parent, out, out / "shards")] == [folders] * 3
    assert mode(out / "shards" / "one") == files


def test_without_a_command_of_ours_nothing_is_changed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    (tmp_path / "a").chmod(0o640)
    hand_over(tmp_path)
    assert mode(tmp_path / "a") == 0o640


@pytest.mark.parametrize(
    ("write", "place", "sentence"),
    [
        (output_folder, "table.csv", r"table\.csv: is a file, and a folder is to be written there; name another place"),
        (output_folder, "table.csv/out/a", r"table\.csv: is a file, and a folder"),
        (output_file, "table.csv/rows.parquet", r"table\.csv: is a file, and a folder"),
        (output_file, "folder", r"folder: is a folder, and a file is to be written there; name another place"),
        (output_folder, "x" * 300, r"cannot be made \(File name too long\); name another place"),
    ],
)
def test_a_place_where_nothing_can_be_written_is_a_sentence(
    write: Callable[[Path], None], place: str, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "table.csv").write_text("a")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match=sentence):
        write(tmp_path / place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "table.csv"]


@pytest.mark.parametrize(
    ("write", "place"), [(output_folder, ""), (output_file, "rows.csv"), (output_file, "a/rows.csv")]
)
def test_what_may_not_be_written_is_a_sentence(
    write: Callable[[Path], None], place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, _: not Path(path).exists())  # tests may run as root
    with pytest.raises(UserError, match=r"cannot be written to; name another place, or change its permissions"):
        write(tmp_path / place)


def test_the_folder_of_a_file_is_made(tmp_path: Path) -> None:
    output_file(tmp_path / "new" / "rows.csv")
    assert (tmp_path / "new").is_dir()
