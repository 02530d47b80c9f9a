"""Logs of a run: the library's warnings are passed on to them, a user's mistake is one sentence without a traceback."""

import logging
import traceback
from contextlib import suppress

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from seqloom.artifact.full_disk import full_disk, full_folder, says_full
from seqloom.errors import UserError, showable
from tasks.progress_artifacts import audience

RUN_LOGS = ("prefect.flow_runs", "prefect.task_runs")


class MistakeFilter(logging.Filter):
    """Replaces the traceback of a user's mistake by its sentence, and characters that Prefect's server cannot store."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; return True, for it is logged in any case."""
        error = record.exc_info[1] if record.exc_info else None
        folder = full_folder(error) if error and says_full(error) else None
        if isinstance(error, UserError) or folder:
            record.msg, record.args, record.exc_info = full_disk(folder) if folder else str(error), (), None
        sentence = record.getMessage()
        if showable(sentence) != sentence:  # the server would refuse the whole batch of lines that it is sent with
            record.msg, record.args = showable(sentence), ()
        if record.exc_info:
            record.exc_text = showable("".join(traceback.format_exception(*record.exc_info)).removesuffix("\n"))
        return True


class WarningHandler(logging.Handler):
    """Passes the library's warnings, of its threads too, to the terminal and to the log of the run they come from."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record's message to both."""
        sentence = showable(record.getMessage())
        watcher = audience.get()
        if watcher:
            watcher.warned(sentence)
        with suppress(MissingContextError):  # outside a run there is no log
            get_run_logger().log(record.levelno, "%s", sentence)


def install() -> None:
    """Add handler and filter, once a process."""
    logging.getLogger("seqloom").addHandler(WarningHandler(logging.WARNING))
    for name in RUN_LOGS:
        logging.getLogger(name).addFilter(MistakeFilter())
