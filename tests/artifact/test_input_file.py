"""What a user names to be read."""

import os
from pathlib import Path

import pytest

from seqloom.artifact.input_file import require_file
from seqloom.errors import UserError


def test_a_file_is_read_and_all_else_is_called_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "a.tsv").touch()
    require_file(tmp_path / "a.tsv", "correct --memory")
    os.mkfifo(tmp_path / "pipe")
    for name, sentence in (
        ("", ": is a folder, not a file; correct --memory"),
        ("gone.tsv", r"gone\.tsv: no such file \(looked in .*\); correct --memory"),
        ("pipe", "pipe: is a pipe or a device, not a file; correct --memory"),
    ):
        with pytest.raises(UserError, match=sentence):
            require_file(tmp_path / name, "correct --memory")
