"""Data-parallel training (DDP over gloo): two processes of one thread against one, and the cost of the all-reduce.

Both train the same model on the same batches for one epoch of a few thousand pairs, in turns, each in processes of its
own; the speed of a turn is the median over the rows of its history, the first left out. The exchange alone, an
all-reduce of as many numbers as the model has, is timed beside it: docs/scaling.md extrapolates from both.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from bench.artifacts import prepare, sizes_of
from bench.paths import HOME, RECIPES, ROOT
from bench.row import Row
from seqloom.progress import unwatched
from seqloom.recipe.recipe_loader import load_recipe
from seqloom.recipe.schema import Recipe
from seqloom.training.stage import train_model
from seqloom.training.training_job import TrainingJob

PAIRS = 3000
ROUNDS = 3
EXCHANGES = 30


def measure(data: Path) -> list[Row]:
    """Measure turns of one process and of two, and the all-reduce."""
    folder = prepare(data, _recipe(1), "multi30k-short", PAIRS)
    turns = [[_run(folder, processes) for processes in (1, 2)] for _ in range(ROUNDS)]
    one, two = (median(turn["speed"] for turn in column) for column in zip(*turns, strict=True))
    exchange = _exchange(int(turns[0][0]["parameters"]))
    return [
        Row(
            "training, transformer, 2 processes of 1 thread",
            f"{two:,.0f} tokens/s; an exchange alone {exchange * 1000:.0f} ms",
            f"{one:,.0f} tokens/s, 1 process of 1 thread",
            two / one,
            None,
            "more",
        )
    ]


def _recipe(processes: int) -> Recipe:
    overrides = [f"training.processes={processes}", "training.epochs=1"]
    return load_recipe(RECIPES / "transformer.yaml", overrides)


def _run(folder: Path, processes: int) -> dict[str, float]:
    """Run a turn; return target tokens per second of all processes together, and parameters."""
    command = [sys.executable, "-m", "bench.ddp", "train", str(folder), str(processes)]
    variables = {**os.environ, "OMP_NUM_THREADS": str(processes), "GOMP_SPINCOUNT": "3000"}  # shared out among them
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=True)
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


def _exchange(numbers: int) -> float:
    """Return the seconds of one all-reduce of `numbers` float32 numbers between two local processes."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    done = subprocess.run(
        [*launcher, "-m", "bench.ddp", "exchange", str(numbers)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"},
        capture_output=True,
        text=True,
        check=True,
    )
    return float(done.stdout.split()[-1])


def _train(folder: Path, processes: int) -> dict[str, float]:
    """Train; return the median speed over the log rows, and the parameters."""
    recipe = _recipe(processes)
    speeds: list[float] = []

    def observe(row: dict[str, float]) -> None:
        speeds.extend(value for name, value in row.items() if name == "train/tokens_per_second")

    with TemporaryDirectory(dir=HOME) as scratch:
        workspace, made = Path(scratch) / "workspace", Path(scratch) / "made"
        workspace.mkdir()
        made.mkdir()
        sizes = sizes_of(recipe, folder / "vocabulary")
        vocabulary, vectors, dataset = (folder / name for name in ("vocabulary", "vectors", "dataset"))
        job = TrainingJob(recipe, sizes, vocabulary, vectors, dataset, workspace, made, None)
        facts = train_model(job, observe, unwatched)
    return {"speed": median(speeds[1:]), "parameters": facts["parameters"]}


def _time_exchange(numbers: int) -> float:
    import torch
    from torch import distributed

    distributed.init_process_group("gloo")
    gradients, seconds = torch.zeros(numbers), []
    for _ in range(EXCHANGES):
        distributed.barrier()
        started = time.perf_counter()
        distributed.all_reduce(gradients)
        seconds.append(time.perf_counter() - started)
    distributed.destroy_process_group()
    return median(seconds)


def main() -> None:
    """Run one turn, in a process of its own."""
    match sys.argv[1:]:
        case ["train", folder, processes]:
            print(json.dumps(_train(Path(folder), int(processes))))
        case ["exchange", numbers]:
            seconds = _time_exchange(int(numbers))
            if os.environ["RANK"] == "0":
                print(seconds)


if __name__ == "__main__":
    main()
