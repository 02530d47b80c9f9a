"""Scheduler of the tasks of shards: in this process, in processes of this machine, or on a Dask cluster."""

import os
from collections.abc import Iterator, Sequence

from seqloom.corpus.shard_reader import Told
from seqloom.corpus.shard_task import ShardTask
from seqloom.corpus.shard_worker import answer
from seqloom.corpus.shards import Shard
from seqloom.corpus.worker_processes import WorkerTask, process_answers, read_answer

BYTES = 1 << 26  # of a large corpus; starting a process takes about as long as reading a tenth of it


def run_tasks(tasks: Sequence[ShardTask], scheduler: str, told: Told) -> None:
    """Run the tasks that are not done; `scheduler` is the address of a Dask cluster, or empty for this machine.

    Raises:
        UserError: of the first shard in order that has a mistake; or the cluster does not answer.
    """
    waiting = [task for task in tasks if not task.is_done]
    workers = min(len(os.sched_getaffinity(0)), len(waiting))
    if scheduler:
        from seqloom.corpus.dask_cluster import cluster_answers

        texts = [task.as_json() for task in waiting]
        with cluster_answers(scheduler, "corpus.scheduler", answer, texts, len(texts)) as answers:
            _take(waiting, answers, told)
    elif workers < 2 or not is_large([task.shard for task in waiting]):
        for task in waiting:
            task.run(told)
    else:
        asked = map(_worker_task, waiting)
        with process_answers("seqloom.corpus.shard_worker", asked, workers, len(waiting)) as answers:
            _take(waiting, answers, told)


def is_large(shards: Sequence[Shard]) -> bool:
    """Return whether processes, and shards that are kept, are worth their cost."""
    return sum(shard.size for shard in shards) >= BYTES


def _worker_task(task: ShardTask) -> WorkerTask:
    return WorkerTask(task.as_json(), task.shard.files[0][0].location, "set corpus.max_characters lower")


def _take(tasks: Sequence[ShardTask], answers: Iterator[str], told: Told) -> None:
    """Raise what an answer tells, and report the rows of the others."""
    for task, text in zip(tasks, answers, strict=True):
        read_answer(text)
        for file in task.result().files:
            told(file.rows, file.origin)
