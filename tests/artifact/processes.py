"""What the store's tests do in processes of their own, so that they can be killed."""

import os
import signal
import time
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from seqloom.artifact.artifact_store import Store

CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])


def start(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    process = CONTEXT.Process(target=target, args=arguments)
    process.start()
    return process


def build_until_killed(home: Path) -> None:
    def write(folder: Path) -> dict[str, Any]:
        (folder / "half.txt").write_text("half")
        os.kill(os.getpid(), signal.SIGKILL)
        return {}

    Store(home).build("corpus", "k" * 64, write)


def build_slowly(home: Path, log: Path) -> None:
    """Note every time that the work is really done."""

    def write(folder: Path) -> dict[str, Any]:
        with log.open("a") as file:
            file.write(f"{os.getpid()}\n")
        time.sleep(0.3)
        (folder / "made.txt").write_text("made")
        return {"by": os.getpid()}

    assert Store(home).build("corpus", "k" * 64, write).path.joinpath("made.txt").exists()
