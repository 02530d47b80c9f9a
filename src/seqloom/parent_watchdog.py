"""End a process when its parent process has ended, however that ended."""

import os
import threading
import time

SECONDS_BETWEEN_LOOKS = 0.5


def end_with(parent: int) -> None:
    """Start a thread that exits this process once `parent`, the process that started it, is gone."""
    threading.Thread(target=_watch, args=(parent,), name="lifeline", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(SECONDS_BETWEEN_LOOKS)
    os._exit(1)
