"""Who holds a home, and whom a command speaks to."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from seqloom.errors import UserError
from seqloom.stack.pidfile import RunningStack, announce, claim, join, running, withdraw


def stack_of(home: Path) -> RunningStack:
    return RunningStack("http://127.0.0.1:1", "http://127.0.0.1:1/api", "http://127.0.0.1:2", str(home))


def test_a_home_has_one_stack(tmp_path: Path) -> None:
    lock = claim(tmp_path)
    assert lock
    code = f"from pathlib import Path; from seqloom.stack.pidfile import claim; print(claim(Path({str(tmp_path)!r})))"
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert other.stdout == "None\n"
    lock.release()
    assert claim(tmp_path)


def test_it_is_up_from_announce_to_withdraw(tmp_path: Path) -> None:
    assert running(tmp_path) is None
    announce(tmp_path, stack_of(tmp_path))
    assert running(tmp_path) == stack_of(tmp_path)
    withdraw(tmp_path)
    assert running(tmp_path) is None


@pytest.mark.parametrize("change", [{"process": 2**22 + 1}, {"started": 1.0}], ids=["gone", "number used again"])
def test_of_a_killed_one_nothing_is_up(tmp_path: Path, change: dict[str, float]) -> None:
    announce(tmp_path, stack_of(tmp_path))
    file = tmp_path / "stack.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | change))
    assert running(tmp_path) is None
    assert claim(tmp_path)
    assert not file.exists()


@pytest.mark.parametrize("mine", ["", "http://prefect.example/api"])
def test_a_command_speaks_to_the_stack_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mine: str
) -> None:
    for name in ("PREFECT_API_URL", "MLFLOW_TRACKING_URI"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    if mine:
        monkeypatch.setenv("PREFECT_API_URL", mine)
    announce(tmp_path, stack_of(tmp_path))
    join(tmp_path)
    assert os.environ["PREFECT_API_URL"] == (mine or stack_of(tmp_path).prefect_api)
    assert os.environ["MLFLOW_TRACKING_URI"] == stack_of(tmp_path).mlflow_url


def test_a_copy_of_a_home_has_no_stack(tmp_path: Path) -> None:
    """Its commands would write into the original."""
    original = tmp_path / "original"
    original.mkdir()
    announce(original, stack_of(original))
    copy = Path(shutil.copytree(original, tmp_path / "copy"))
    assert running(copy) is None
    (tmp_path / "link").symlink_to(original)
    assert running(tmp_path / "link") == running(original) is not None


def test_a_home_that_is_moved_from_under_its_stack(tmp_path: Path) -> None:
    original = tmp_path / "original"
    original.mkdir()
    announce(original, stack_of(original))
    moved = original.rename(tmp_path / "moved")
    with pytest.raises(UserError, match=rf"moved was moved from .*original .*\(process {os.getpid()}\), and start it"):
        running(moved)


def test_a_stack_of_an_older_seqloom_is_none_of_ours(tmp_path: Path) -> None:
    announce(tmp_path, stack_of(tmp_path))
    file = tmp_path / "stack.json"
    told = json.loads(file.read_text())
    del told["home"]
    file.write_text(json.dumps(told))
    assert running(tmp_path) is None
