"""Tasks on the user's Dask cluster, whose workers see the same files at the same paths."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from seqloom.corpus.worker_processes import in_order
from seqloom.errors import UserError

_TIMEOUT = 30  # seconds to reach the scheduler
_TRIES = 3


@contextmanager
def cluster_answers(
    address: str, field: str, answer: Callable[[str], str], tasks: Iterable[str], ahead: int
) -> Iterator[Iterator[str]]:
    """Yield the answers to tasks, in order as they come, with at most so many tasks `ahead` of them on the cluster.

    A task whose worker is lost goes to another. What travels is the name of a function of ours and texts, both ways;
    Dask pickles them, between machines that are all the user's. `field` is where the recipe or command names `address`.

    Raises:
        UserError: Dask is not installed, or no scheduler answers at `address`.
    """
    try:
        from dask.distributed import Client
    except ImportError:
        raise UserError(f"{field} needs Dask: pip install 'seqloom[dask]', or leave it empty") from None
    connect: Any = Client  # untyped
    try:
        client = connect(address, timeout=_TIMEOUT, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise UserError(
            f"{field}: no Dask scheduler answers at {address} ({str(error)[:100]}); start one by dask scheduler, or "
            f"leave {field} empty for the processes of this machine"
        ) from None
    with client:
        answers = in_order(lambda task: client.submit(answer, task, retries=_TRIES, pure=False), tasks, ahead)
        try:
            yield answers
        finally:
            answers.close()
