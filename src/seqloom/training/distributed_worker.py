"""Worker process of a training in several processes; torch's elastic launcher starts it with the folder of the job."""

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

from seqloom.errors import UserError
from seqloom.parent_watchdog import end_with
from seqloom.preemption import Preempted
from seqloom.training.data_parallel import ProcessGroup, device_of_rank
from seqloom.training.device import choose_device
from seqloom.training.stage import train_job
from seqloom.training.training_job import EVENTS_FILE, LOG_FILE, OUTCOME_FILE, read_job
from seqloom.training.worker_events import EventWriter


def main(folder: Path) -> None:
    """Take part in the job in folder `folder`, unless it is over."""
    end_with(os.getppid())
    if (folder / OUTCOME_FILE).exists():  # a process left with it, and the launcher started all again
        return
    rank = int(os.environ["RANK"])
    _write_to(folder / LOG_FILE.format(rank))
    job = read_job(folder)
    write_event = EventWriter(folder / EVENTS_FILE) if rank == 0 else _ignore_event
    if os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") != "0":
        write_event("restarted")
    try:
        place = int(os.environ["LOCAL_RANK"]), int(os.environ["LOCAL_WORLD_SIZE"])
        device = device_of_rank(choose_device(job.recipe.training.device), *place)
        facts = train_job(
            job,
            device,
            observe=lambda row: write_event("row", row),
            progress=lambda *now: write_event("progress", *now),
            group=ProcessGroup(device),
        )
    except UserError as mistake:
        _exit_with(folder, {"mistake": str(mistake)})
    except Preempted as stop:  # whether a person wished it or the launcher, since another died, the launcher knows
        os._exit(stop.exit_code)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)  # at once: an orderly exit would wait for processes that are gone
    if rank == 0:
        _exit_with(folder, {"facts": facts})


def _exit_with(folder: Path, outcome: dict[str, Any]) -> NoReturn:
    """Write the outcome atomically and exit without waiting for the other processes, which see it."""
    unfinished = folder / f"{OUTCOME_FILE}.{os.getpid()}"
    unfinished.write_text(json.dumps(outcome), encoding="utf-8")
    unfinished.replace(folder / OUTCOME_FILE)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _write_to(log: Path) -> None:
    """Redirect standard output and error to a file."""
    with log.open("ab") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())


def _ignore_event(*_: Any) -> None:
    pass


if __name__ == "__main__":
    main(Path(sys.argv[1]))
