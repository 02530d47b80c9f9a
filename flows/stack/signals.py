"""Being told to end: Ctrl-C, SIGTERM, or a terminal that closes."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def until_told() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a terminal that closes end the block, and nothing else."""

    def tell(_number: int, _frame: object) -> None:
        raise _Told

    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as it is under nohup
        numbers.append(signal.SIGHUP)
    before = [signal.signal(number, tell) for number in numbers]
    try:
        yield
    except _Told:
        pass
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


class _Told(BaseException):
    """Somebody asked the stack to end."""
