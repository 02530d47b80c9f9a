"""The corpus stage on synthesised pairs: pairs a processor second, and memory, at several sizes.

A process of its own reads, cleans and splits each corpus as `seqloom train` does, worker processes among it; its
processor time is that of all of them. Peaks are the most that each process had in memory (VmHWM), and the most that
all had together at one moment (RSS, which counts what they share once for each).

OpusFilter runs on the smallest size with the same kinds of filters, in an environment of its own: duplicates, lengths
of 1 to 1,000 characters, ratio of lengths, share of letters, markup, numbers. It neither splits nor counts.
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.paths import HOME, ROOT
from bench.peers import python_of
from bench.row import Row
from bench.synthetic_pairs import write_pairs
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.progress import unwatched
from seqloom.recipe.schema import CorpusSection

GOAL = 5.0  # times OpusFilter's pairs a processor second
LINEAR = 1.1  # processor time a pair at the largest size against the smallest
FLAT = 1.1  # memory likewise, from 1 M pairs on
LARGEST = 1.5 * 1024  # MiB of any process
FILTERS = ["length_ratio<=4", "letter_share>=0.6", "no_html", "numbers_match>=0.5"]
OPUSFILTER = """
common: {{output_directory: {folder}}}
steps:
  - type: remove_duplicates
    parameters: {{inputs: [pairs.en, pairs.de], outputs: [unique.en, unique.de]}}
  - type: filter
    parameters:
      inputs: [unique.en, unique.de]
      outputs: [kept.en, kept.de]
      filters:
        - LengthFilter: {{unit: char, min_length: 1, max_length: 1000}}
        - LengthRatioFilter: {{unit: char, threshold: 4}}
        - AlphabetRatioFilter: {{threshold: 0.6, exclude_whitespace: true}}
        - HtmlTagFilter: {{}}
        - NonZeroNumeralsFilter: {{threshold: 0.5}}
"""
_EVERY = 0.1  # seconds between two looks at the memory


@dataclass
class Usage:
    """Use of the processor and of memory by a process and its children."""

    seconds: float = 0.0  # of processors
    largest: float = 0.0  # MiB, of any process
    together: float = 0.0  # MiB, of all at one moment

    @property
    def shown(self) -> str:
        """Return the memory in words."""
        return f"{self.largest:,.0f} MiB in a process, {self.together:,.0f} in all"


def measure(sizes: Sequence[int]) -> list[Row]:
    """Measure the stage at each size, in pairs, and OpusFilter at the smallest."""
    ours: dict[int, Usage] = {}
    rows: list[Row] = []
    for pairs in sorted(sizes):
        with TemporaryDirectory(dir=HOME) as scratch:
            write_pairs(Path(scratch), pairs)
            ours[pairs] = used_by([sys.executable, "-m", "bench.corpus_speed", scratch])
            if len(ours) == 1:
                rows += _against_opusfilter(Path(scratch), pairs, ours[pairs])
        rows.append(_memory_row(pairs, ours[pairs]))
    return [*rows, *_growth(ours)]


def _against_opusfilter(folder: Path, pairs: int, ours: Usage) -> list[Row]:
    try:
        python = python_of("opusfilter")
    except SystemExit as reason:
        print(f"without OpusFilter: {reason}", file=sys.stderr)
        return []
    (folder / "opusfilter.yaml").write_text(OPUSFILTER.format(folder=folder), encoding="utf-8")
    theirs = used_by([str(python.with_name("opusfilter")), str(folder / "opusfilter.yaml")])
    shown = [f"{pairs / usage.seconds:,.0f} a processor second" for usage in (ours, theirs)]
    what = f"corpus of {pairs / 1e6:g} M pairs cleaned"
    return [Row(what, shown[0], f"{shown[1]}, OpusFilter", theirs.seconds / ours.seconds, GOAL, "more")]


def _memory_row(pairs: int, usage: Usage) -> Row:
    rate = f"{pairs / usage.seconds:,.0f} a processor second"
    what = f"corpus of {pairs / 1e6:g} M pairs, memory"
    return Row(what, f"{usage.shown}; {rate}", f"{LARGEST:,.0f} MiB", usage.largest / LARGEST, 1.0, "less")


def _growth(ours: dict[int, Usage]) -> list[Row]:
    """Compare the largest size with the smallest from a million pairs on: below, no workers are started."""
    large = [pairs for pairs in ours if pairs >= 1_000_000]
    if len(large) < 2:
        return []
    less, more = large[0], large[-1]
    rates = [1e6 * ours[pairs].seconds / pairs for pairs in (less, more)]
    sums = [ours[pairs].together for pairs in (less, more)]
    what = f"corpus of {more / 1e6:g} M pairs against {less / 1e6:g} M"
    shown = [f"{rate:.1f} µs of processor a pair" for rate in rates]
    memory = [f"{size:,.0f} MiB" for size in sums]
    return [
        Row(f"{what}, time", shown[1], shown[0], rates[1] / rates[0], LINEAR, "less"),
        Row(f"{what}, memory", memory[1], memory[0], sums[1] / sums[0], FLAT, "less"),
    ]


def used_by(command: Sequence[str]) -> Usage:
    """Run a command, and return what it used.

    Raises:
        SystemExit: it failed.
    """
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    if Path(command[0]) != Path(sys.executable):
        del environment["PYTHONPATH"]
    log = HOME / "logs" / f"{Path(command[0]).name}.log"
    log.parent.mkdir(exist_ok=True)
    with log.open("w", encoding="utf-8") as stream:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stream, stderr=stream)
    usage = Usage()
    while not (ended := os.wait4(process.pid, os.WNOHANG))[0]:
        _look(process.pid, usage)
        time.sleep(_EVERY)
    process.returncode = os.waitstatus_to_exitcode(ended[1])
    if process.returncode:
        raise SystemExit(f"{command[0]} ended with {process.returncode}; see {log}")
    usage.seconds = ended[2].ru_utime + ended[2].ru_stime
    return usage


def _look(pid: int, usage: Usage) -> None:
    """Take the memory of a process and its children into account."""
    family = [pid, *(int(child) for child in _read(f"/proc/{pid}/task/{pid}/children").split())]
    family += [
        int(child) for task in Path(f"/proc/{pid}/task").glob("*") for child in _read(f"{task}/children").split()
    ]
    statuses = [_status(member) for member in dict.fromkeys(family)]
    usage.together = max(usage.together, sum(status.get("VmRSS", 0.0) for status in statuses))
    usage.largest = max(usage.largest, *(status.get("VmHWM", 0.0) for status in statuses))


def _status(pid: int) -> dict[str, float]:
    """Return the fields of a process's memory, MiB."""
    fields = (line.split(":", 1) for line in _read(f"/proc/{pid}/status").splitlines() if line.startswith("Vm"))
    return {name: int(value.split()[0]) / 1024 for name, value in fields}


def _read(path: str) -> str:
    try:
        return Path(path).read_text(encoding="ascii")
    except OSError:  # the process has ended
        return ""


def _build(folder: Path) -> None:
    """Run the stage on the files of `folder`."""
    files = [str(folder / f"pairs.{side}") for side in ("en", "de")]
    section = CorpusSection(train=files, source_language="en", target_language="de", filters=FILTERS)
    made = folder / "corpus"
    made.mkdir()
    build_corpus(section, locate(section, folder), made, unwatched, folder)


if __name__ == "__main__":
    _build(Path(sys.argv[1]))
