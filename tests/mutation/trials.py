"""The tests of a package, run against a copy of the source: in a process of its own that has the heavy imports already.

The work tree is never written to, and what a fault makes of a test may remove files below the temporary folder alone.
"""

import importlib
import os
import pickle
import resource
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.mutation.fault_watch import KILLED, Chosen, Passed, Watcher
from tests.mutation.faults import Mutant

# Imported once, before a process is forked for each fault; those that a package's tests want anyway.
_HEAVY = (
    "numpy", "pandas", "pyarrow.parquet", "torch", "tokenizers", "pydantic", "hypothesis", "sacrebleu", "sklearn",
    "sklearn.linear_model", "gensim", "mlflow", "matplotlib.pyplot", "rouge_score",
)  # fmt: skip
_QUIET = ("-W", "ignore::pytest.PytestAssertRewriteWarning")  # hypothesis is imported already
_WHOLE = 1800  # seconds for all tests of a package
_GIGABYTE = 1 << 30
_REMOVES = {"os.remove", "os.rmdir", "os.rename", "shutil.rmtree"}


class Trials:
    """Where faults of one package meet the tests of it."""

    def __init__(self, root: Path, source: str, tests: str, temporary: Path) -> None:
        self.root = root  # of the tests' names
        self.tests = tests
        self.temporary = temporary
        self.copy = temporary / "source"
        shutil.copytree(root / source, self.copy, ignore=shutil.ignore_patterns("__pycache__"))
        (temporary / "tmp").mkdir()
        os.environ.update(
            PYTHONPATH=str(self.copy),
            PYTHONDONTWRITEBYTECODE="1",  # a changed file of the same second and size would be taken for the old one
            TMPDIR=str(temporary / "tmp"),
            SEQLOOM_HOME=str(temporary / "home"),
            OMP_NUM_THREADS="1",
        )
        tempfile.tempdir = str(temporary / "tmp")  # what the variable said is remembered since our own folder was made
        sys.dont_write_bytecode = True
        sys.path.insert(0, str(self.copy))
        self.passed = self._watch()

    def survives(self, mutant: Mutant) -> bool:
        """Whether every test that could notice this fault passes."""
        file = self.copy / mutant.file
        whole = file.read_bytes()
        file.write_text(mutant.source, encoding="utf-8")
        try:
            return self._run(self.passed.through(mutant.file, mutant.lines)) == 0
        finally:
            file.write_bytes(whole)

    def _watch(self) -> Passed:
        """Run all tests without a fault, twice: to see what they pass through, and that they pass as they will be run.

        Raises:
            SystemExit: the second run fails.
        """
        report = self.temporary / "passed.pickle"

        def watched() -> int:
            watcher = Watcher(self.copy)
            status = _pytest([str(self.root / self.tests)], self.temporary, watcher)
            report.write_bytes(pickle.dumps(watcher.told))
            return status

        self._forked(watched)
        if not report.exists():
            raise SystemExit(f"the tests of {self.tests} cannot be run:\n{self._told()}")
        self.passed: Passed = pickle.loads(report.read_bytes())  # our own, a moment old
        for test in self.passed.failed:
            del self.passed.lines[test]
        for name in _HEAVY:
            if name in self.passed.modules:
                importlib.import_module(name)
        if self._run([*self.passed.lines]):
            raise SystemExit(f"tests of {self.tests} fail without any fault: mend them first\n{self._told()}")
        return self.passed

    def _run(self, tests: Sequence[str]) -> int:
        """Run some tests until one fails, those that usually take the least time first, file by file."""
        seconds = self.passed.seconds
        files: dict[str, float] = {}
        for test in tests:
            files[test.partition("::")[0]] = files.get(test.partition("::")[0], 0.0) + seconds[test]
        order = sorted(tests, key=lambda test: (files[test.partition("::")[0]], test.partition("::")[0], seconds[test]))
        places = [str(self.root / file) for file in files]
        return self._forked(lambda: _pytest(places, self.temporary, Chosen(order, seconds), "-x"))

    def _told(self) -> str:
        return (self.temporary / "log").read_text(encoding="utf-8", errors="replace")[-3000:]

    def _forked(self, work: Callable[[], int]) -> int:
        """The exit status of `work` in a process of its own, that of a failed test if it was killed."""
        process = os.fork()
        if process == 0:
            _alone(self.temporary, work)
        deadline = time.monotonic() + _WHOLE
        try:
            while time.monotonic() < deadline:
                if os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT):
                    break
                time.sleep(0.02)
        finally:  # with whatever it has started, and also where a person interrupts us
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
        _, status = os.waitpid(process, 0)
        return os.WEXITSTATUS(status) if os.WIFEXITED(status) else KILLED


def _alone(temporary: Path, work: Callable[[], int]) -> None:
    """Do the work in a group of processes of its own, and end."""
    status = KILLED
    try:
        os.setsid()
        log = os.open(temporary / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for stream in (1, 2):
            os.dup2(log, stream)
        resource.setrlimit(resource.RLIMIT_DATA, (12 * _GIGABYTE, 12 * _GIGABYTE))
        resource.setrlimit(resource.RLIMIT_FSIZE, (4 * _GIGABYTE, 4 * _GIGABYTE))
        status = work()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(status)


def _pytest(places: list[str], temporary: Path, plugin: object, *options: str) -> int:
    from hypothesis import Phase, settings

    # Nothing is kept of an example, nor is it made smaller: whether there is one is all that is asked.
    phases = (Phase.explicit, Phase.generate)
    settings.register_profile("faults", database=None, derandomize=True, deadline=None, phases=phases)
    _fence(temporary)
    always = ["--tb=line", "-p", "no:cacheprovider", "--hypothesis-profile=faults", *_QUIET]
    return int(pytest.main([*places, f"--basetemp={temporary / 'tmp' / 'tests'}", *always, *options], plugins=[plugin]))


def _fence(temporary: Path) -> None:
    """Let no fault remove what stands elsewhere, nor end a process that is not the tests' own."""

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _REMOVES and arguments[-1] in (-1, None):  # else below a folder that rmtree was asked for
            place = Path(os.path.abspath(os.fsdecode(arguments[0])))  # noqa: PTH100 (links are not to be followed)
            if not place.is_relative_to(temporary) and place.parts[:2] != ("/", "dev"):
                raise PermissionError(f"{event} of {place} by a test of a fault")
        if event in ("os.kill", "os.killpg") and (arguments[0] <= 1 or arguments[0] == os.getppid()):
            raise PermissionError(f"{event} of {arguments[0]} by a test of a fault")

    sys.addaudithook(hear)
