"""Training speed of each contender: target tokens per second, padding not counted, in turns on the same cores.

A round gives every contender one turn; its speed is the target tokens of the turn over the wall time of their updates,
and the result the median over the rounds. `bench.turns` says what an update and a token are.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import IO, Any

from bench.paths import HOME, ROOT
from bench.peers import python_of
from bench.row import Row

# What ours must be at least, in multiples of the peer.
GOALS: dict[str, dict[str, float | None]] = {
    "transformer": {"joeynmt": 6.0, "eole": 2.0, "plain": None},
    "lstm": {"joeynmt": 5.0, "eole": 2.0},
}
# What `seqloom train` sets for itself, here for all alike: without it two threads beside other work cost tenfold.
PATIENCE = {"GOMP_SPINCOUNT": "3000"}
LEAST_UPDATES = 4  # in a turn, where its seconds are not enough; the first is not counted


@dataclass
class Contender:
    """A training that runs only in its turns."""

    name: str
    process: subprocess.Popen[str]
    log: Path
    parameters: int = 0
    speeds: list[float] = field(default_factory=list)  # target tokens per second, by turn
    updates: int = 0
    tokens: int = 0

    @classmethod
    def start(cls, name: str, model: str, folder: Path, threads: int, overrides: Sequence[str] = ()) -> "Contender":
        """Start a contender and wait until it is warm."""
        python = python_of(name) if name in ("joeynmt", "eole") else Path(sys.executable)
        extra = overrides if name == "seqloom" else ()
        command = [str(python), "-m", f"bench.contenders.{name}", model, str(folder), *extra]
        variables = {**os.environ, "OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads), **PATIENCE}
        log = HOME / "logs" / f"{model}-{name}.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("w", encoding="utf-8") as stderr:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=variables,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        contender = cls(name, process, log)
        contender.parameters = contender._receive()["parameters"]
        return contender

    def take_turn(self, seconds: float) -> None:
        """Train for about so long."""
        print(json.dumps({"seconds": seconds, "least": LEAST_UPDATES}), file=self._stdin, flush=True)
        updates = self._receive()["updates"]
        tokens = sum(count for count, _ in updates)
        self.speeds.append(tokens / sum(duration for _, duration in updates))
        self.updates += len(updates)
        self.tokens += tokens

    def stop(self) -> None:
        """Stop the process; nothing is kept."""
        self._stdin.close()
        self.process.wait()

    @property
    def speed(self) -> float:
        """Target tokens per second: the median of the turns."""
        return median(self.speeds)

    @property
    def spread(self) -> str:
        """The slowest and the fastest turn."""
        return f"{min(self.speeds):,.0f} – {max(self.speeds):,.0f}"

    @property
    def batch(self) -> float:
        """Target tokens per update."""
        return self.tokens / self.updates

    @property
    def _stdin(self) -> IO[str]:
        assert self.process.stdin
        return self.process.stdin

    def _receive(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            end = "\n".join(self.log.read_text(encoding="utf-8").splitlines()[-15:])
            raise SystemExit(f"{self.name} ended before the race did; the end of {self.log}:\n{end}")
        message: dict[str, Any] = json.loads(line)
        return message


def race(
    model: str, folder: Path, rounds: int, seconds: float, threads: int, overrides: Sequence[str] = ()
) -> list[Contender]:
    """Train `model` with Seqloom and its peers in turns; Seqloom comes first in the result."""
    contenders: list[Contender] = []
    try:
        for name in ("seqloom", *GOALS[model]):
            contenders.append(Contender.start(name, model, folder, threads, overrides))
        for _ in range(rounds):
            for contender in contenders:
                contender.take_turn(seconds)
    finally:
        for contender in contenders:
            contender.stop()
    return contenders


def rows(model: str, contenders: Sequence[Contender]) -> list[Row]:
    """Return a table row for each peer."""
    ours, *peers = contenders
    return [
        Row(
            what=f"training, {model}",
            ours=f"{ours.speed:,.0f} tokens/s",
            theirs=f"{peer.speed:,.0f} tokens/s, {peer.name}",
            ratio=ours.speed / peer.speed,
            goal=GOALS[model][peer.name],
            better="more",
        )
        for peer in peers
    ]
