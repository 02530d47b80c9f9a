"""A worker process: takes the tasks of shards, a line of JSON each, and answers each with a line of JSON."""

import json
import signal
import sys

from seqloom.artifact.full_disk import says_full
from seqloom.corpus.shard_task import ShardTask
from seqloom.errors import UserError
from seqloom.parent_watchdog import end_with

MISTAKE, FULL = "mistake", "full"
"""Keys of an answer: the sentence of a user's mistake, and the folder whose disk is full; none if all is well."""


def answer(task: str) -> str:
    """Read the shard of a task, and return the answer."""
    found = ShardTask.from_json(task)
    try:
        found.run(lambda rows, origin: None)  # noqa: ARG005 told when the shard is done
    except UserError as mistake:
        return json.dumps({MISTAKE: str(mistake)})
    except Exception as error:
        if says_full(error):
            return json.dumps({FULL: str(found.folder.parent)})
        raise
    return json.dumps({})


def _serve(parent: int) -> None:
    """Answer tasks until there are no more, or the parent process is gone."""
    end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process, and the parent ends us
    for task in sys.stdin:
        print(answer(task), flush=True)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
