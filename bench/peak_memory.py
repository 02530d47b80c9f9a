"""Peak memory of reading batches, at one size of corpus and at ten times that, and of a training.

A process of its own opens the folder of a dataset stage and draws the same number of batches of an epoch, which
reach into every part of the files. What counts is the most it had in memory (VmHWM), pages of mapped files among
it; what the process owns without them (RssAnon) stands beside it. Python, torch and the library are the better part,
so a goal of 1.05 leaves some ten megabytes.
"""

import json
import os
import subprocess
import sys
from itertools import islice, repeat
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from bench.paths import HOME, ROOT
from bench.row import Row
from bench.training_speed import Contender
from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.dataset.sequences import write_sequences

GOAL = 1.05  # of ten times the corpus against once
TRAINING_GOAL = 1_144  # MiB: 1.2 GB
BATCHES = 2000
CHUNK = 100_000  # pairs of which the corpus is made
TOKENS = 8000


def measure(pairs: int) -> list[Row]:
    """Measure the peaks at a tenth of `pairs` and at `pairs`."""
    small, large = (_peak(count) for count in (pairs // 10, pairs))
    return [
        Row(
            f"memory of drawing batches, {pairs / 1e6:g} M pairs",
            f"{large['all']:,.0f} MiB ({large['owned']:,.0f} owned)",
            f"{small['all']:,.0f} MiB ({small['owned']:,.0f} owned), {pairs / 1e7:g} M pairs",
            large["all"] / small["all"],
            GOAL,
            "less",
        )
    ]


def training_row(folder: Path, threads: int, seconds: float = 120.0) -> Row:
    """Measure the peak of a training of the Transformer of the race (7.6 M parameters) from artifacts in `folder`."""
    contender = Contender.start("seqloom", "transformer", folder, threads)
    try:
        contender.take_turn(seconds)
        peak = _status("VmHWM", contender.process.pid)
    finally:
        contender.stop()
    what = f"memory of a training, {contender.updates} updates"
    return Row(what, f"{peak:,.0f} MiB", f"{TRAINING_GOAL:,} MiB", peak / TRAINING_GOAL, 1.0, "less")


def _peak(pairs: int) -> dict[str, float]:
    with TemporaryDirectory(dir=HOME) as scratch:
        for seed, side in enumerate(("source", "target")):
            _write_side(Path(scratch) / f"train.{side}", pairs, seed)
        command = [sys.executable, "-m", "bench.peak_memory", scratch]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        done = subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True)
    peaks: dict[str, float] = json.loads(done.stdout)
    return peaks


def _write_side(stem: Path, pairs: int, seed: int) -> None:
    """Write sentences of 1 to 40 random tokens, as the dataset stage writes them; the same ones over and over."""
    random = np.random.default_rng(seed)
    ends = np.cumsum(random.integers(1, 41, CHUNK))
    ids = random.integers(4, TOKENS, ends[-1]).tolist()
    chunk = [ids[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
    write_sequences(stem, repeat(chunk, pairs // CHUNK))


def _read(folder: Path) -> None:
    """Draw batches and print the peaks in MiB."""
    batches = BucketedBatches.open(folder, "train", 2048)
    owned = 0.0
    for number, (rows, _) in enumerate(islice(batches.epoch(1, 0), BATCHES)):
        batches.batch(rows)
        if number % 100 == 0:
            owned = max(owned, _status("RssAnon"))
    print(json.dumps({"all": _status("VmHWM"), "owned": owned}))


def _status(field: str, process: int | str = "self") -> float:
    """Return a field of /proc/PID/status, MiB."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return int(fields[field].split()[0]) / 1024


if __name__ == "__main__":
    _read(Path(sys.argv[1]))
