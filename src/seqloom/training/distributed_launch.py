"""Launch of a training in several processes, restarted by torch's elastic launcher."""

import json
import logging
import shutil
import signal
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from seqloom.errors import UserError
from seqloom.interpreter import PYTHON_MODULE
from seqloom.preemption import Preempted
from seqloom.progress import Progress
from seqloom.training.graceful_stop import SIGNALS
from seqloom.training.trainer import Observe
from seqloom.training.training_job import EVENTS_FILE, LOG_FILE, OUTCOME_FILE, TrainingJob
from seqloom.training.training_state import newest_checkpoint, read_training_state
from seqloom.training.worker_events import Event, EventReader

MAX_RESTARTS = 5  # of all processes, after one died

logger = logging.getLogger(__name__)


def train_in_processes(job: TrainingJob, observe: Observe, progress: Progress) -> dict[str, Any]:
    """Train with `training.processes` processes; if one dies, all restart from the newest checkpoint.

    Raises:
        UserError, Preempted: as one process would.
        RuntimeError: the processes died again and again.
    """
    folder = job.workspace / "job"
    shutil.rmtree(folder, ignore_errors=True)  # of a training that was killed
    folder.mkdir()
    job.write(folder)

    def on_event(event: Event) -> None:
        match event:
            case ["row", row]:
                observe(row)
            case ["progress", *now]:
                progress(*now)
            case ["restarted"]:
                logger.warning("a process of the training died; all go on from the newest checkpoint")

    with EventReader(folder / EVENTS_FILE, on_event):
        signaled = _launch(folder, job.recipe.training.processes)
    return _outcome(folder, job, signaled)


def _launch(folder: Path, processes: int) -> int:
    """Run to the end; return the signal that stopped it, or 0."""
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=processes,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        local_addr="localhost",
        max_restarts=MAX_RESTARTS,
        logs_specs=DefaultLogsSpecs(str(folder / "launcher")),
        signals_to_handle="SIGTERM,SIGINT",
    )
    with _handlers_restored(), _quiet():
        try:
            elastic_launch(config, PYTHON_MODULE[0])(
                *PYTHON_MODULE[1:], "seqloom.training.distributed_worker", str(folder)
            )
        except SignalException as stop:
            return int(stop.sigval)
        except ChildFailedError as failure:
            if not (folder / OUTCOME_FILE).exists():
                raise RuntimeError(f"the processes of the training died:\n{_last_words(folder)}") from failure
    return 0


def _outcome(folder: Path, job: TrainingJob, signaled: int) -> dict[str, Any]:
    file = folder / OUTCOME_FILE
    outcome: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if "mistake" in outcome:
        raise UserError(outcome["mistake"])
    if "facts" in outcome:
        shutil.rmtree(folder)
        facts: dict[str, Any] = outcome["facts"]
        return facts
    assert signaled, "the processes ended and left no word"
    saved = newest_checkpoint(job.workspace)
    raise Preempted(signaled, read_training_state(job.workspace).step if saved else 0)


def _last_words(folder: Path) -> str:
    """Return the end of the longest process log."""
    outputs = [file.read_text(encoding="utf-8", errors="replace") for file in folder.glob(LOG_FILE.format("*"))]
    return max(outputs, key=len, default="").strip()[-4000:]


@contextmanager
def _handlers_restored() -> Iterator[None]:
    """Restore the signal handlers, which the launcher replaces."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in before.items():
                signal.signal(number, handler)


@contextmanager
def _quiet() -> Iterator[None]:
    """Disable the launcher's own log: what died is in the processes' logs."""
    names = [name for name in logging.root.manager.loggerDict if name.startswith("torch.distributed.elastic")]
    loggers = [log for log in map(logging.getLogger, names) if not log.disabled]
    for log in loggers:
        log.disabled = True
    try:
        yield
    finally:
        for log in loggers:
            log.disabled = False
