"""Processes that answer the shards of a batch inference: of this machine, or of a Dask cluster of the user's.

What travels is JSON: the texts of a shard one way, its replies the other. The process that started them writes the
files, so they are the bytes that it would write alone.
"""

import json
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from seqloom.batch_inference.generation_worker import answer
from seqloom.batch_inference.input_table import Rows
from seqloom.batch_inference.replies import Reply, type_problem
from seqloom.corpus.worker_processes import WorkerTask, process_answers, read_answer

if TYPE_CHECKING:
    from seqloom.batch_inference.sharded_generation import BatchInference

_AHEAD_OF_CLUSTER = 64  # shards that a cluster holds before the first of them is answered


@dataclass(frozen=True)
class Shard:
    """Rows of the input that become one file."""

    path: Path  # of the file
    first: int  # number of the first row in the input, from 0
    rows: Rows


@dataclass(frozen=True)
class GenerationWorkers:
    """The processes that a user asks for; each loads the model."""

    processes: int = 1  # of this machine
    scheduler: str = ""  # address of a Dask scheduler, such as tcp://10.0.0.5:8786, in their place
    device: str = "auto"

    @property
    def is_needed(self) -> bool:
        """Return whether this process does not answer alone."""
        return bool(self.scheduler) or self.processes > 1

    @contextmanager
    def replies(self, job: "BatchInference", shards: Iterable[Shard]) -> Iterator[Iterator[tuple[Shard, list[Reply]]]]:
        """Start the processes, and yield the shards in order, each with a reply to each of its rows.

        Raises:
            UserError: no scheduler answers, or a process ends each time it is given a shard.
        """
        waiting: deque[Shard] = deque()

        def tasks() -> Iterator[WorkerTask]:
            for shard in shards:
                waiting.append(shard)
                subject = f"{job.input.file.location} from row {shard.first + 1} on"
                yield WorkerTask(self._task(job, shard), subject, "ask for fewer --processes")

        with self._answers(tasks()) as answers:
            yield ((waiting.popleft(), _replies(text)) for text in answers)

    @contextmanager
    def _answers(self, tasks: Iterator[WorkerTask]) -> Iterator[Iterator[str]]:
        if self.scheduler:
            from seqloom.corpus.dask_cluster import cluster_answers

            texts = (task.text for task in tasks)
            with cluster_answers(self.scheduler, "--scheduler", answer, texts, _AHEAD_OF_CLUSTER) as answers:
                yield answers
        else:
            module = "seqloom.batch_inference.generation_worker"
            with process_answers(module, tasks, self.processes, 2 * self.processes) as answers:
                yield answers

    def _task(self, job: "BatchInference", shard: Shard) -> str:
        """Return a shard as the JSON that `generation_worker` takes; values that are no JSON become their reason."""
        wrong = dict(shard.rows.wrong)
        for row, text in enumerate(shard.rows.texts):
            if not isinstance(text, str | list | dict | None):
                wrong.setdefault(row, type_problem(text))
        texts = [None if row in wrong else text for row, text in enumerate(shard.rows.texts)]
        values: dict[str, Any] = {
            "checkpoints": [str(each.absolute()) for each in (job.checkpoint, *job.others)],
            "options": dict(job.options),
            "device": self.device,
            "processes": 1 if self.scheduler else self.processes,
            "longest": job.max_characters,
            "first": shard.first,
            "texts": texts,
            "wrong": wrong,
        }
        return json.dumps(values, default=_plain)


def _plain(value: object) -> object:
    """Return what JSON has no form for as one that it has: features as lists, anything else as text."""
    return value.tolist() if isinstance(value, np.ndarray) else str(value)


def _replies(text: str) -> list[Reply]:
    return [(fields, reason) for fields, reason in read_answer(text)["replies"]]
