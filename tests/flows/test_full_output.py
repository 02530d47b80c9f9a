"""Output that goes into a file on a full disk is not lost without a word."""

import os
from pathlib import Path

import pytest

from seqloom.cli import main

FULL = Path("/dev/full")


@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
def test_what_does_not_fit_ends_with_two(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path))
    monkeypatch.setattr("sys.argv", ["seqloom", "check", "--help"])
    kept = os.dup(1)
    os.dup2(os.open(FULL, os.O_WRONLY), 1)
    try:
        with open(1, "w", encoding="utf-8", closefd=False) as stdout:
            monkeypatch.setattr("sys.stdout", stdout)
            with pytest.raises(SystemExit) as stop:
                main.main()
    finally:
        os.dup2(kept, 1)
    assert stop.value.code == 2
    assert capfd.readouterr().err == (
        "seqloom: the disk is full that the output goes to (No space left on device): send it to another one\n"
    )
