"""Handlers of the signals that end the stack: SIGINT (Ctrl-C), SIGTERM and SIGHUP (a terminal that closes)."""

import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType


@contextmanager
def until_signal() -> Iterator[None]:
    """End the block, and nothing else, at Ctrl-C, SIGTERM or a terminal that closes."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise _SignalReceived

    try:
        with _handled_by(interrupt):
            yield
    except _SignalReceived:
        pass


def ignore_signals() -> AbstractContextManager[None]:
    """Ignore these signals in the block, which has to be finished; an `until_signal` inside receives them."""
    return _handled_by(lambda _number, _frame: None)


@contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as it is under nohup
        numbers.append(signal.SIGHUP)
    before = [signal.signal(number, handler) for number in numbers]
    try:
        yield
    finally:
        for number, old in zip(numbers, before, strict=True):
            signal.signal(number, old)


class _SignalReceived(BaseException):
    """One of the signals has arrived."""
