"""The tests of a small package meet faults: what they find, and what they cannot."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.mutation import __main__ as command
from tests.mutation.faults import mutants_of

ROOT = Path(__file__).parents[2]
SUMS = '''"""Sums."""

from pathlib import Path

SHOWN = 3


def add(numbers):
    total = 0
    for number in numbers:
        total += number
    return total


def above(number):
    return number > 5


def forget(place):
    Path(place).unlink()


def wait(times):
    while times > 0:
        times = times - 1
'''
TESTS = """
import subprocess, sys
import pytest
from small.sums import above, add, forget, wait


@pytest.fixture(scope="module")
def three():
    return add([1, 2])


def test_nothing_of_it(three):
    assert three


def test_add(three):
    assert three == 3


def test_above():
    assert above(9) and not above(1)


def test_wait():
    wait(2)


def test_forget(tmp_path):
    (tmp_path / "a").touch()
    forget(tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_shown():
    told = subprocess.run([sys.executable, "-c", "from small import sums; print(sums.SHOWN)"], capture_output=True)
    assert told.stdout == b"3\\n"
"""
FOUND = ["total -= number", "SHOWN = 4", "times = (times + 1)"]
MISSED = ["return (number >= 5)", "while times > 1:"]
PROGRAM = """
import json, sys
from dataclasses import replace
from pathlib import Path
from tests.mutation import fault_watch
from tests.mutation.faults import mutants_of
from tests.mutation.trials import Trials
fault_watch.PATIENCE = 1
root = Path(sys.argv[1])
trials = Trials(root, "src", "tests", root / "temporary")
mutants = mutants_of((root / "src/small/sums.py").read_text(), "small/sums.py")
forgetting = next(mutant for mutant in mutants if "unlink" in mutant.was)
outside = replace(forgetting, source=forgetting.source.replace("pass", f"Path({str(root / 'precious')!r}).unlink()"))
names = {name.rpartition("::")[2]: [*lines] for name, lines in trials.passed.lines.items()}
print(json.dumps({
    "survived": [mutant.now for mutant in mutants if mutant.now in sys.argv[2:] and trials.survives(mutant)],
    "outside": trials.survives(outside),
    "of total": [test.rpartition("::")[2] for test in trials.passed.through("small/sums.py", range(11, 12))],
    "of a constant": len(trials.passed.through("small/sums.py", range(5, 6))),
}))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("root ü")
    files = {
        "src/small/sums.py": SUMS,
        "src/small/__init__.py": "",
        "tests/test_sums.py": TESTS,
        "pyproject.toml": '[tool.pytest.ini_options]\naddopts = "-q"\n',
        "precious": "",
        "temporary/.keep": "",
    }
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content, encoding="utf-8")
    assert {*FOUND, *MISSED} <= {mutant.now for mutant in mutants_of(SUMS, "sums.py")}
    command = [sys.executable, "-c", PROGRAM, str(root), *FOUND, *MISSED]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert (root / "src/small/sums.py").read_text() == SUMS, "the work tree is not written to"
    assert (root / "precious").exists(), "what stands outside of the temporary folder is not removed"
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_fault_that_is_tested_is_found(told: dict[str, Any]) -> None:
    """One that only another process can see, and one that never ends, as well."""
    assert told["survived"] == MISSED
    assert not told["outside"]


def test_a_line_is_passed_through_by_whoever_uses_its_fixture(told: dict[str, Any]) -> None:
    assert set(told["of total"]) == {"test_nothing_of_it", "test_add", "test_shown"}, "and by a process, perhaps"
    assert told["of a constant"] == 6, "what is run when it is imported is everybody's"


def test_the_same_faults_are_chosen_while_others_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    every = mutants_of(SUMS, "sums.py")
    chosen = {command.key_of(mutant) for mutant in command.sample(every, 8, seed=0)}
    assert len(chosen) == 8
    fewer = [mutant for mutant in every if "unlink" not in mutant.was]
    again = {command.key_of(mutant) for mutant in command.sample(fewer, 8, seed=0)}
    assert {key for key in chosen if key[1] != "Path(place).unlink()"} <= again
    assert {command.key_of(mutant) for mutant in command.sample(every, 8, seed=1)} != chosen
    [one, *_] = chosen
    monkeypatch.setattr(command, "equivalents", lambda: {one: "a reason"})
    assert one not in {command.key_of(mutant) for mutant in command.sample(every, 100, seed=0)}


def test_every_equivalent_has_a_reason() -> None:
    for (file, was, now), why in command.equivalents().items():
        assert file.startswith("seqloom/")
        assert was != now
        assert why.strip()
