"""A user's mistake in the log of a run: its sentence alone, where Prefect would add a traceback."""

import logging

from seqloom.mistake import UserMistake

RUN_LOGS = ("prefect.flow_runs", "prefect.task_runs")


class _SentenceAlone(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, UserMistake):
            record.msg, record.args, record.exc_info = str(error), (), None
        return True


def spare_tracebacks() -> None:
    """From now on, in this process; what is no user's mistake keeps its own."""
    for name in RUN_LOGS:
        logging.getLogger(name).addFilter(_SentenceAlone())
