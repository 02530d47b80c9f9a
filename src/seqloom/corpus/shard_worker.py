"""A worker process that reads shards of a corpus."""

from seqloom.corpus.shard_task import ShardTask
from seqloom.corpus.worker_processes import answer_of, serve


def answer(task: str) -> str:
    """Read the shard of a task, and return the answer."""
    found = ShardTask.from_json(task)

    def read() -> dict[str, object]:
        found.run(lambda rows, origin: None)  # noqa: ARG005 told when the shard is done
        return {}

    return answer_of(read, str(found.folder.parent))


if __name__ == "__main__":
    serve(answer)
