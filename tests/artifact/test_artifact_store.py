"""A folder that exists is whole: whatever fails, dies or runs beside it."""

import errno
import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from seqloom.artifact import artifact_store as store
from seqloom.artifact import fsync
from seqloom.artifact.artifact_store import Store
from seqloom.errors import UserError
from tests.artifact.processes import build_slowly, build_until_killed, start

KEY = "k" * 64


def write_one_file(folder: Path) -> Mapping[str, Any]:
    (folder / "made.txt").write_text("made", encoding="utf-8")
    return {"rows": 3}


def left_behind(store: Store) -> list[str]:
    """Everything beside the finished stages, but for the locks."""
    return [path.name for path in store.root.glob("*/*") if path.name != KEY[:32] and path.suffix != ".lock"]


def test_a_stage_is_done_once(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert store.find("corpus", KEY) is None
    made = store.build("corpus", KEY, write_one_file)
    assert made.path.joinpath("made.txt").read_text(encoding="utf-8") == "made"
    assert made.facts == {"rows": 3}
    assert store.build("corpus", KEY, pytest.fail) == store.find("corpus", KEY) == made
    assert left_behind(store) == []


def test_a_stage_is_done_again_on_demand_and_a_failure_keeps_the_old(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = store.build("corpus", KEY, write_one_file)

    def fail(folder: Path) -> Mapping[str, Any]:
        write_one_file(folder)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.build("corpus", KEY, fail, again=True)
    assert store.find("corpus", KEY) == made

    def write_another(folder: Path) -> Mapping[str, Any]:
        (folder / "other.txt").write_text("other", encoding="utf-8")
        return {"rows": 4}

    other = store.build("corpus", KEY, write_another, again=True)
    assert store.find("corpus", KEY) == other
    assert (other.folder, other.facts) == (made.folder, {"rows": 4})
    assert other.digest != made.digest
    assert sorted(path.name for path in other.path.iterdir()) == ["manifest.json", "other.txt"]
    assert left_behind(store) == []


def test_keys_and_stages_stand_apart(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.build("corpus", KEY, write_one_file)
    assert store.find("vocabulary", KEY) is None
    assert store.find("corpus", "j" * 64) is None


@pytest.mark.parametrize("error", [RuntimeError("fault"), UserError("mistake"), KeyboardInterrupt(), OSError(5, "x")])
def test_what_fails_leaves_nothing(error: BaseException, tmp_path: Path) -> None:
    store = Store(tmp_path)

    def write(folder: Path) -> Mapping[str, Any]:
        write_one_file(folder)
        raise error

    with pytest.raises(type(error)) as caught:
        store.build("corpus", KEY, write)
    assert caught.value is error
    assert store.find("corpus", KEY) is None
    assert left_behind(store) == []
    assert store.build("corpus", KEY, write_one_file).facts == {"rows": 3}


def test_a_killed_build_is_no_artifact_and_the_next_one_succeeds(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for _ in range(2):
        process = start(build_until_killed, tmp_path)
        process.join(60)
        assert process.exitcode == -signal.SIGKILL
        assert store.find("corpus", KEY) is None
    made = store.build("corpus", KEY, write_one_file)
    assert sorted(path.name for path in made.path.iterdir()) == ["made.txt", "manifest.json"]
    assert left_behind(store) == [], "what the killed ones left takes no room either"


def test_a_folder_without_a_manifest_is_done_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    made = store.build("corpus", KEY, write_one_file)
    (made.path / "manifest.json").unlink()
    (made.path / "stray.txt").touch()
    assert store.find("corpus", KEY) is None
    assert not store.build("corpus", KEY, write_one_file).path.joinpath("stray.txt").exists()


def test_every_byte_is_on_the_disk_before_the_folder_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store(tmp_path)
    synced: list[str] = []

    def watched_sync(path: Path) -> None:
        assert store.find("corpus", KEY) is None
        synced.append(path.name)

    def write(folder: Path) -> Mapping[str, Any]:
        (folder / "deep").mkdir()
        return write_one_file(folder / "deep")

    monkeypatch.setattr(fsync, "sync", watched_sync)
    store.build("corpus", KEY, write)
    assert {"made.txt", "deep", "manifest.json"} < set(synced)


def test_two_processes_do_one_stage_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    processes = [start(build_slowly, tmp_path, log) for _ in range(3)]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    done_by = log.read_text(encoding="utf-8").split()
    assert len(done_by) == 1
    found = Store(tmp_path).find("corpus", KEY)
    assert found is not None
    assert str(found.facts["by"]) == done_by[0]


def test_a_workspace_outlives_a_failure_until_it_is_discarded(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.workspace("training", KEY).joinpath("checkpoint").touch()

    def write(_: Path) -> Mapping[str, Any]:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.build("training", KEY, write)
    assert store.workspace("training", KEY).joinpath("checkpoint").exists()
    assert store.find("training", KEY) is None
    store.discard_workspace("training", KEY)
    assert left_behind(store) == []


def assert_says_full(store: Store, write: Callable[[Path], Any]) -> None:
    def build(folder: Path) -> Mapping[str, Any]:
        write(folder)
        return {}

    sentence = f"the disk is full below {store.root}: free some space there, or set SEQLOOM_HOME"
    with pytest.raises(UserError, match=re.escape(sentence)):
        store.build("corpus", KEY, build)
    assert store.find("corpus", KEY) is None
    assert left_behind(store) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_reported(number: int, tmp_path: Path) -> None:
    def write(_: Path) -> None:
        raise OSError(number, os.strerror(number))

    assert_says_full(Store(tmp_path), write)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 200 kB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", disk], capture_output=True)
    except FileNotFoundError:
        pytest.skip("no mount here")
    if mounted.returncode:
        pytest.skip("mounting is not allowed here")
    yield disk
    subprocess.run(["umount", disk], check=True)


def to_file(folder: Path) -> None:
    with folder.joinpath("x").open("wb") as file:
        np.zeros(100_000).tofile(file)


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda folder: folder.joinpath("x").write_bytes(bytes(300_000)), id="python"),
        pytest.param(to_file, id="numpy-tofile"),
        pytest.param(lambda folder: np.save(folder / "x.npy", np.zeros(100_000)), id="numpy-save"),
        pytest.param(lambda folder: save_file({"x": torch.zeros(100_000)}, folder / "x"), id="safetensors"),
        pytest.param(
            lambda folder: Tokenizer(WordLevel({str(i): i for i in range(20_000)}, unk_token="0")).save(
                str(folder / "x.json")
            ),
            id="tokenizers",
        ),
    ],
)
def test_a_disk_that_is_really_full_is_told_whoever_writes(write: Callable[[Path], Any], tiny_disk: Path) -> None:
    """Python gives a number, NumPy none, and Rust libraries raise exceptions of their own."""
    store = Store(tiny_disk)
    assert_says_full(store, write)
    assert store.build("corpus", KEY, write_one_file).path.joinpath("made.txt").exists()


def test_a_disk_without_room_for_a_folder_is_told(tiny_disk: Path) -> None:
    with pytest.raises(OSError, match="No space"):
        tiny_disk.joinpath("ballast").write_bytes(bytes(300_000))
    store = Store(tiny_disk)
    with pytest.raises(UserError, match="the disk is full"):
        store.build("corpus", KEY, write_one_file)
    assert store.find("corpus", KEY) is None


def test_the_rename_is_on_the_disk_when_the_stage_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[tuple[Path, bool]] = []
    monkeypatch.setattr(store, "sync", lambda path: found.append((path, (path / KEY[:32] / "made.txt").exists())))
    Store(tmp_path).build("corpus", KEY, write_one_file)
    assert found == [(Store(tmp_path).root / "corpus", True)]


def test_the_seconds_it_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "time", SimpleNamespace(monotonic=iter((100.0, 102.5)).__next__))
    assert Store(tmp_path).build("corpus", KEY, write_one_file).seconds == 2.5
