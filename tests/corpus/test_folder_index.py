"""Folders that are whole or done anew, whoever is at work on the same one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from seqloom.corpus import folder_index
from seqloom.corpus.folder_index import is_whole, put_in_place, write_index

NAME = "index.json"


def made(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "rows").write_text(text, "ascii")
    write_index(folder, NAME, {})
    return folder


@pytest.mark.parametrize("broken", [NAME, "rows"])
@pytest.mark.parametrize("content", [None, b"", b"\0\0", b"\xff", b'{"sizes"'])
def test_a_broken_folder_gives_way(broken: str, content: bytes | None, tmp_path: Path) -> None:
    folder = made(tmp_path / "rows", "some old text")
    file = folder / broken
    file.unlink() if content is None else file.write_bytes(content)
    assert not is_whole(folder, NAME)
    put_in_place(made(tmp_path / ".rows-a", "new text"), folder, NAME)
    assert is_whole(folder, NAME)
    assert (folder / "rows").read_text("ascii") == "new text"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["rows", "rows.lock"]


def test_what_another_process_put_there_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = made(tmp_path / "rows", "old")
    (folder / NAME).write_bytes(b"")
    lock = folder_index.locked

    @contextmanager
    def waited(file: Path, what: str) -> Iterator[None]:
        """Another process held the lock before, and has put its folder in place."""
        monkeypatch.setattr(folder_index, "locked", lock)
        put_in_place(made(tmp_path / ".rows-a", "a"), folder, NAME)
        with lock(file, what):
            yield

    monkeypatch.setattr(folder_index, "locked", waited)
    put_in_place(made(tmp_path / ".rows-b", "b"), folder, NAME)
    assert (folder / "rows").read_text("ascii") == "a"
