"""Clearing the store: nothing that is worked at or asked for, and never half a folder."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.eviction import clear, inventory, is_locked, note_use

KEY = "k" * 64


def write(folder: Path) -> Mapping[str, Any]:
    (folder / "made.txt").write_text("made", encoding="utf-8")
    return {}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A finished stage, a workspace, and what a killed process left."""
    store = Store(tmp_path)
    store.build("corpus", KEY, write)
    (store.workspace("training", KEY) / "step-1").mkdir()
    (store.root / "corpus" / f".{KEY[:32]}-abc").mkdir()
    (store.root / "corpus" / ("j" * 32)).mkdir()
    return store


def test_what_lies_there(store: Store) -> None:
    kinds = {(lying.stage, lying.kind, lying.path.name[:2]) for lying in inventory(store)}
    assert kinds == {
        ("corpus", "finished", "kk"),
        ("corpus", "leftover", ".k"),
        ("corpus", "leftover", "jj"),
        ("training", "workspace", "kk"),
    }
    [finished] = [lying for lying in inventory(store) if lying.kind == "finished"]
    assert finished.manifest == store.find("corpus", KEY)
    assert finished.size == sum(file.stat().st_size for file in finished.path.iterdir())


def test_all_of_it_can_go(store: Store) -> None:
    assert all(clear(lying) for lying in inventory(store))
    assert list(inventory(store)) == []
    assert store.find("corpus", KEY) is None
    assert store.build("corpus", KEY, write).path.joinpath("made.txt").exists()


def test_what_is_worked_at_stays(store: Store) -> None:
    with FileLock(store.root / "corpus" / f"{KEY[:32]}.lock"):
        locked = [lying for lying in inventory(store) if is_locked(lying)]
        assert {(lying.kind, lying.path.name[:2]) for lying in locked} == {("finished", "kk"), ("leftover", ".k")}
        assert not any(clear(lying) for lying in locked)
    assert store.find("corpus", KEY)
    assert not any(is_locked(lying) for lying in inventory(store))


def test_what_is_asked_for_meanwhile_stays(store: Store) -> None:
    made = store.find("corpus", KEY)
    assert made
    os.utime(made.path / "manifest.json", (1e9, 1e9))
    [finished] = [lying for lying in inventory(store) if lying.kind == "finished"]
    assert finished.used == 1e9
    note_use(made)
    assert not clear(finished)
    assert store.find("corpus", KEY) == made


def test_what_is_not_finished_was_used_when_something_in_it_was(store: Store) -> None:
    """And is as large as its files; folders have a size of their own, which is nobody's."""
    work = store.workspace("training", KEY)
    (work / "step-1" / "weights").write_bytes(bytes(100))
    (work / "state").write_bytes(bytes(23))
    for place, seconds in (
        (work / "step-1" / "weights", 3e8),
        (work / "state", 1e8),
        (work / "step-1", 2e8),
        (work, 1e8),
    ):
        os.utime(place, (seconds, seconds))
    [lying] = [lying for lying in inventory(store) if lying.kind == "workspace"]
    assert (lying.used, lying.size) == (3e8, 123)
