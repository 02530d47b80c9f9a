"""Worker on a machine without the servers; its runs save a checkpoint when it is ended."""

import os
import subprocess
from collections.abc import Callable

import psutil

from seqloom.errors import StackFailure
from seqloom.interpreter import PYTHON_MODULE
from seqloom.stack.child_process import end, flow_runs_of, processes_of
from seqloom.stack.layout import HEARTBEAT_SECONDS, MARK
from seqloom.stack.signals import ignore_signals, until_signal
from seqloom.stack.supervisor import RUN_GRACE, SERVER_GRACE


def work(pool: str, say: Callable[[str], None]) -> None:
    """Run what is scheduled in `pool` on the server of `PREFECT_API_URL`, until Ctrl-C or SIGTERM.

    Prefect's own worker kills its runs when it is told to end; they would go on from an older checkpoint.

    Raises:
        StackFailure: the worker ended by itself.
    """
    mark = f"{pool} {os.getpid()}"
    environment = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_SECONDS), **os.environ, MARK: mark}
    command = [*PYTHON_MODULE, "prefect", "worker", "start", "--pool", pool, "--type", "process"]
    with ignore_signals():
        worker = subprocess.Popen([*command, "--with-healthcheck"], env=environment, start_new_session=True)
        try:
            with until_signal():
                code = worker.wait()
                raise StackFailure(f"the worker of {pool} ended by itself with code {code}")
            say("stopping; runs under way save a checkpoint (Ctrl-C again to kill them)")
        finally:
            with until_signal():
                end(flow_runs_of(mark), RUN_GRACE)
                if worker.poll() is None:
                    end([psutil.Process(worker.pid)], SERVER_GRACE)
            end(processes_of(mark), grace=0)
