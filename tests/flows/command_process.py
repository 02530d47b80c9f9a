"""The command `seqloom` as a process, with and without the ten seconds that its imports take."""

import atexit
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

COMMAND = (sys.executable, "-m", "seqloom.cli.main")

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.flows.preloaded"])

Done = subprocess.CompletedProcess[str]


class Fork:
    """`work(*arguments)` in a process and a session of its own, forked from one that has imported everything."""

    def __init__(
        self, work: Callable[..., object], *arguments: object, cwd: Path, env: dict[str, str], stdin: bytes = b""
    ) -> None:
        self._folder = Path(tempfile.mkdtemp())
        for name in ("stdin", "stdout", "stderr"):
            (self._folder / name).write_bytes(stdin if name == "stdin" else b"")
        told = (self._folder, cwd, env, work, arguments)
        self._process = _forks.Process(target=_begin, args=told, daemon=True)
        self._process.start()
        assert self._process.pid
        self.pid = self._process.pid

    def ended(self) -> bool:
        """Whether it has come to its end."""
        return not self._process.is_alive()

    def send_signal(self, number: signal.Signals) -> None:
        """To it, and not to what it started."""
        os.kill(self.pid, number)

    def wait(self, seconds: float = 300) -> Done:
        """What it said, and its exit code."""
        self._process.join(seconds)
        assert self.ended(), f"no end within {seconds} seconds: {self.said()}"
        code = self._process.exitcode
        assert code is not None
        done = Done(["fork"], code, *self.said())
        self._process.close()
        shutil.rmtree(self._folder)
        return done

    def said(self) -> tuple[str, str]:
        """What it wrote to stdout and stderr so far."""
        out, error = ((self._folder / name).read_bytes().decode() for name in ("stdout", "stderr"))
        return out, error


def command(*arguments: str, cwd: Path, env: dict[str, str], stdin: bytes = b"") -> Fork:
    """`seqloom ARGUMENT…`, just begun."""
    return Fork(_command, arguments, cwd=cwd, env=env, stdin=stdin)


def real(*arguments: str, cwd: Path, env: dict[str, str], stdin: bytes = b"") -> Done:
    """`seqloom ARGUMENT…` as a shell runs it, to its end."""
    done = subprocess.run([*COMMAND, *arguments], input=stdin, capture_output=True, cwd=cwd, env=env)
    return Done([*COMMAND, *arguments], done.returncode, done.stdout.decode(), done.stderr.decode())


def script(*arguments: str, cwd: Path, env: dict[str, str]) -> Done:
    """As `real`, by the script that pip installs: with `-m` Python itself would look into the working folder."""
    whole = [str(Path(sys.executable).parent / "seqloom"), *arguments]
    return subprocess.run(whole, capture_output=True, text=True, cwd=cwd, env=env)


def _command(arguments: tuple[str, ...]) -> None:
    from seqloom.cli import main

    sys.argv = ["seqloom", *arguments]
    main.main()


def _begin(
    said: Path, cwd: Path, env: dict[str, str], work: Callable[..., object], arguments: tuple[object, ...]
) -> None:
    """Become what a shell would have started."""
    from prefect.context import refresh_global_settings_context

    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    refresh_global_settings_context()
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        os.dup2(os.open(said / name, os.O_RDWR), number)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - multiprocessing has closed ours
    try:
        work(*arguments)
    finally:
        atexit._run_exitfuncs()  # multiprocessing leaves without them
