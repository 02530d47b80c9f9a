"""Processor seconds of a command in a new process, the least of some turns."""

import os
import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryDirectory

from bench.paths import ROOT
from bench.row import Row

GOAL = 1.5  # seconds
ROUNDS = 3
COMMANDS = {
    "check --no-time": ("-m", "seqloom.cli.main", "check", "recipes/demo.yaml", "--no-time"),
    "--version": ("-m", "seqloom.cli.main", "--version"),
}
BARE = ("-c", "import torch")  # which `generate` needs, whatever else it does


def measure() -> list[Row]:
    """Measure commands that need no model."""
    return [
        Row(f"start, seqloom {name}", f"{seconds:.2f} s", f"{GOAL} s", seconds / GOAL, 1.0, "less")
        for name, seconds in ((name, _least(command)) for name, command in COMMANDS.items())
    ]


def generate_row(checkpoint: Path) -> Row:
    """Measure a text that a new process answers, against the import of PyTorch alone."""
    ours = _least(("-m", "seqloom.cli.main", "generate", str(checkpoint), "a man"))
    bare = _least(BARE)
    return Row("start, seqloom generate", f"{ours:.2f} s", f"{bare:.2f} s, import torch", ours / bare, 1.5, "less")


def _least(command: tuple[str, ...]) -> float:
    with TemporaryDirectory() as home:
        return min(_seconds(command, home) for _ in range(ROUNDS))


def _seconds(command: tuple[str, ...], home: str) -> float:
    before = getrusage(RUSAGE_CHILDREN)
    environment = {**os.environ, "SEQLOOM_HOME": home}
    subprocess.run([sys.executable, *command], cwd=ROOT, env=environment, check=True, capture_output=True)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
