"""Launch of a training in several processes, restarted by torch's elastic launcher.

With several nodes, `python -m seqloom.training.distributed_launch JOB` on each of the others takes part in the job that
the first one wrote to a folder which all see.
"""

import json
import logging
import os
import shutil
import signal
import sys
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch.distributed.elastic.multiprocessing import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.elastic.rendezvous import RendezvousConnectionError, RendezvousTimeoutError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from seqloom.errors import UserError
from seqloom.interpreter import PYTHON_MODULE
from seqloom.preemption import Preempted
from seqloom.progress import Progress
from seqloom.training.graceful_stop import SIGNALS
from seqloom.training.node_address import address_towards, interface_of
from seqloom.training.trainer import Observe
from seqloom.training.training_job import EVENTS_FILE, LOG_FILE, OUTCOME_FILE, TrainingJob, read_job
from seqloom.training.training_state import newest_checkpoint, read_training_state
from seqloom.training.worker_events import Event, EventReader

if TYPE_CHECKING:
    from seqloom.recipe.schema import TrainingSection

MAX_RESTARTS = 5  # of all processes, after one died
PATIENCE = 3600  # seconds that a node waits for the others
RUN_FILE = "run.txt"  # the name by which the nodes of a training know each other

logger = logging.getLogger(__name__)


def train_in_processes(job: TrainingJob, observe: Observe, progress: Progress) -> dict[str, Any]:
    """Train with `training.processes` processes on each node; if one dies, all restart from the newest checkpoint.

    Raises:
        UserError, Preempted: as one process would.
        RuntimeError: the processes died again and again.
    """
    folder = job.workspace / "job"
    shutil.rmtree(folder, ignore_errors=True)  # of a training that was killed
    folder.mkdir()
    job.write(folder)
    (folder / RUN_FILE).write_text(uuid.uuid4().hex, encoding="ascii")
    section = job.recipe.training
    if section.nodes > 1:
        logger.warning(
            "training.nodes: waiting at %s for %s more; on each run: python -m seqloom.training.distributed_launch %s",
            section.rendezvous,
            section.nodes - 1,
            folder.absolute(),
        )

    def on_event(event: Event) -> None:
        match event:
            case ["row", row]:
                observe(row)
            case ["progress", *now]:
                progress(*now)
            case ["restarted"]:
                logger.warning("a process of the training died; all go on from the newest checkpoint")

    with EventReader(folder / EVENTS_FILE, on_event):
        signaled = _launch(folder, section)
    return _outcome(folder, job, signaled)


def take_part(folder: Path) -> int:
    """Run the processes of this machine for a job that another one began; return the signal that stopped it, or 0.

    Raises:
        UserError: there is no such job, or the machines do not meet.
        RuntimeError: the processes died again and again.
    """
    if not (folder / RUN_FILE).is_file():
        raise UserError(f"{folder}: no training waits here; give the folder that the first machine names")
    return _launch(folder, read_job(folder).recipe.training)


def _launch(folder: Path, section: "TrainingSection") -> int:
    """Run to the end; return the signal that stopped it, or 0."""
    address = "localhost"
    if section.nodes > 1:
        address = address_towards(section.rendezvous)
        for library in ("GLOO", "NCCL"):
            os.environ.setdefault(f"{library}_SOCKET_IFNAME", interface_of(address))
    config = LaunchConfig(
        min_nodes=section.nodes,
        max_nodes=section.nodes,
        nproc_per_node=section.processes,
        run_id=(folder / RUN_FILE).read_text(encoding="ascii"),
        rdzv_backend="c10d",
        rdzv_endpoint=section.rendezvous or "localhost:0",
        rdzv_configs={"join_timeout": PATIENCE},
        local_addr=address,
        max_restarts=MAX_RESTARTS,
        logs_specs=DefaultLogsSpecs(str(folder / f"launcher-{uuid.uuid4().hex[:8]}")),
        signals_to_handle="SIGTERM,SIGINT",
    )
    with _handlers_restored(), _quiet():
        try:
            elastic_launch(config, PYTHON_MODULE[0])(
                *PYTHON_MODULE[1:], "seqloom.training.distributed_worker", str(folder)
            )
        except SignalException as stop:
            return int(stop.sigval)
        except (RendezvousTimeoutError, RendezvousConnectionError) as error:
            raise UserError(
                f"training.rendezvous: not all of the {section.nodes} nodes met at {section.rendezvous} "
                f"({str(error)[:100] or 'timeout'}); start the command on each, and open the port between them"
            ) from None
        except ChildFailedError as failure:
            if folder.exists() and not (folder / OUTCOME_FILE).exists():
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


if __name__ == "__main__":
    try:
        signaled = take_part(Path(sys.argv[1]))
        sys.exit(128 + signaled if signaled else 0)
    except UserError as mistake:
        sys.exit(str(mistake))
