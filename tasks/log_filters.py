"""What the log of a run says: a user's mistake in its sentence alone, and nothing that Prefect's server cannot take."""

import logging
import traceback

from seqloom.artifact.fsync import says_full
from seqloom.artifact.full_disk import full_disk, full_place
from seqloom.errors import UserError, showable

RUN_LOGS = ("prefect.flow_runs", "prefect.task_runs")


class _SentenceAlone(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        place = full_place(error) if error and says_full(error) else None
        if isinstance(error, UserError) or place:
            record.msg, record.args, record.exc_info = full_disk(place) if place else str(error), (), None
        sentence = record.getMessage()
        if showable(sentence) != sentence:  # it would take the whole bundle of lines along that it is sent with
            record.msg, record.args = showable(sentence), ()
        if record.exc_info:
            record.exc_text = showable("".join(traceback.format_exception(*record.exc_info)).removesuffix("\n"))
        return True


def spare_tracebacks() -> None:
    """From now on, in this process; what is no user's mistake keeps its own."""
    for name in RUN_LOGS:
        logging.getLogger(name).addFilter(_SentenceAlone())
