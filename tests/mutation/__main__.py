"""How many single faults in a package its own tests find, and which they do not: `make mutate PACKAGE=dataset`.

A sample of the faults that `faults.py` knows is put, one at a time, into a copy of the source, and the tests of the
package that pass through the line are run. The same faults are chosen every time, but where the code changed.
Survivors are listed in .mutation/PACKAGE.json; `--again` tries these alone, while tests for them are written.
Those that change nothing anybody could notice stand in equivalent.txt, as they were printed and each with its reason;
they do not count.
"""

import argparse
import hashlib
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.mutation.faults import Mutant, mutants_of
from tests.mutation.trials import Trials

ROOT = Path(__file__).parents[2]
GOAL = 0.95
EQUIVALENT = Path(__file__).with_name("equivalent.txt")

Key = tuple[str, str, str]  # a file, its lines before and after: what names a fault when others move it


def main() -> int:
    """Try the faults of one package and print the survivors; 1 where fewer are killed than should be."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # and what was started is ended
    package = f"seqloom/{arguments.package}"
    every = _faults_of(package)
    keys = {key_of(mutant) for mutant in every}
    for key in [key for key in equivalents() if key[0].startswith(f"{package}/") and key not in keys]:
        print(f"equivalent.txt lists what is no longer in the code: {key[0]}: {key[1]}")
    every = [mutant for mutant in every if arguments.file in mutant.file]
    report = ROOT / ".mutation" / f"{arguments.package}.json"
    if arguments.again:
        before = {tuple(key) for key in json.loads(report.read_text(encoding="utf-8"))} - equivalents().keys()
        mutants = [mutant for mutant in every if key_of(mutant) in before]
    else:
        mutants = sample(every, arguments.sample, arguments.seed)
    print(f"{package}: {len(mutants)} of {len(every)} faults", flush=True)
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        trials = Trials(ROOT, "src", arguments.tests or f"tests/{arguments.package}", Path(folder))
        for test in sorted(trials.passed.failed):
            print(f"left out, for it fails while it is watched: {test}")
        survivors = _try(trials, mutants)
    report.parent.mkdir(exist_ok=True)
    report.write_text(json.dumps([key_of(mutant) for mutant in survivors], ensure_ascii=False), encoding="utf-8")
    return _report(package, mutants, survivors)


def _faults_of(package: str) -> list[Mutant]:
    return [
        mutant
        for path in sorted((ROOT / "src" / package).rglob("*.py"))
        for mutant in mutants_of(path.read_text(encoding="utf-8"), path.relative_to(ROOT / "src").as_posix())
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("package", help="a folder of src/seqloom that has one in tests")
    parser.add_argument("--sample", type=int, default=50, help="faults to try (50)")
    parser.add_argument("--seed", type=int, default=0, help="another one chooses others (0)")
    parser.add_argument("--file", default="", help="only of files with this in their name")
    parser.add_argument("--tests", default="", help="a file or folder of tests, instead of all of the package's")
    parser.add_argument("--again", action="store_true", help="those that survived the last time")
    return parser


def key_of(mutant: Mutant) -> Key:
    """What names a fault."""
    return mutant.file, _bare(mutant.was), _bare(mutant.now)


def sample(mutants: Sequence[Mutant], size: int, seed: int) -> list[Mutant]:
    """So many of the faults that are no equivalents, as a hash has them: others stay when one is added."""

    def draw(mutant: Mutant) -> bytes:
        return hashlib.sha256(repr((seed, key_of(mutant))).encode()).digest()

    left_out = equivalents()
    counted = [mutant for mutant in mutants if key_of(mutant) not in left_out]
    return sorted(sorted(counted, key=draw)[:size], key=lambda mutant: (mutant.file, mutant.line))


def equivalents() -> dict[Key, str]:
    """The faults that nobody could notice, each with the reason."""
    found = {}
    for entry in EQUIVALENT.read_text(encoding="utf-8").split("\n\n")[1:]:
        place, *lines = entry.strip().splitlines()
        was, now, why = (
            "\n".join(line.removeprefix(sign).strip() for line in lines if line.startswith(sign)) for sign in "-+="
        )
        found[place.removeprefix("src/").partition(":")[0], was, now] = why
    return found


def _bare(lines: str) -> str:
    """Without what stands around each."""
    return "\n".join(line.strip() for line in lines.splitlines())


def _try(trials: Trials, mutants: Sequence[Mutant]) -> list[Mutant]:
    survivors = []
    for number, mutant in enumerate(mutants, start=1):
        started = time.monotonic()
        if survived := trials.survives(mutant):
            survivors.append(mutant)
        word = "SURVIVED" if survived else "killed"
        place = f"{mutant.file}:{mutant.line}"
        print(f"{number:4} {word:8} {time.monotonic() - started:5.1f} s  {place}", flush=True)
    return survivors


def _report(package: str, mutants: Sequence[Mutant], survivors: Sequence[Mutant]) -> int:
    for mutant in survivors:
        print(f"\nsrc/{mutant.file}:{mutant.line}")
        print(*difference(mutant), sep="\n")
    share = 1 - len(survivors) / len(mutants) if mutants else 1.0
    print(f"\n{package}: {len(mutants) - len(survivors)} of {len(mutants)} killed ({share:.1%}; goal {GOAL:.0%})")
    return int(share < GOAL)


def difference(mutant: Mutant) -> list[str]:
    """The changed lines, before and after."""
    return [f"{sign} {line}" for sign, lines in (("-", mutant.was), ("+", mutant.now)) for line in lines.splitlines()]


if __name__ == "__main__":
    sys.exit(main())
