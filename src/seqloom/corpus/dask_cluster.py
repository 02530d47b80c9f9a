"""Tasks of shards on the user's Dask cluster, whose workers see the same files at the same paths."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from seqloom.corpus.shard_worker import answer
from seqloom.errors import UserError

_TIMEOUT = 30  # seconds to reach the scheduler
_TRIES = 3


@contextmanager
def cluster_answers(address: str, tasks: Sequence[str]) -> Iterator[Iterator[str]]:
    """Yield the answers to tasks, in order as they come.

    A task whose worker is lost goes to another. What travels is the name of a function of ours and texts, both ways;
    Dask pickles them, between machines that are all the user's.

    Raises:
        UserError: Dask is not installed, or no scheduler answers at `address`.
    """
    try:
        from dask.distributed import Client
    except ImportError:
        raise UserError("corpus.scheduler needs Dask: pip install 'seqloom[dask]', or leave it empty") from None
    connect: Any = Client  # untyped
    try:
        client = connect(address, timeout=_TIMEOUT, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise UserError(
            f"corpus.scheduler: no Dask scheduler answers at {address} ({str(error)[:100]}); start one by dask "
            "scheduler, or leave corpus.scheduler empty for the processes of this machine"
        ) from None
    with client:
        futures = client.map(answer, tasks, retries=_TRIES, pure=False)
        try:
            yield (future.result() for future in futures)
        finally:
            client.cancel(futures)
