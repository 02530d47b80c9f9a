"""Prefetch of an iterator's items by a thread."""

import threading
from collections.abc import Iterator
from queue import Full, Queue
from typing import Generic, Self, TypeVar

Item = TypeVar("Item")
READY = 2  # items made ahead
PATIENCE = 0.1  # seconds between two looks whether the other side has gone


class _End:
    """End of the items, or the error that ended them."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error


class Prefetch(Generic[Item]):
    """Iterator whose items are made ahead by a thread, which ends on exit from this context.

    It is a daemon thread: a process that exits does not wait for it.
    """

    def __init__(self, items: Iterator[Item]) -> None:
        self._items = items
        self._queue: Queue[Item | _End] = Queue(READY)
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._make, name="prefetch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._left.set()
        self._thread.join()

    def __iter__(self) -> Iterator[Item]:
        while True:
            item = self._queue.get()
            if not isinstance(item, _End):
                yield item
            elif item.error:
                raise item.error
            else:
                return

    def _make(self) -> None:
        try:
            for item in self._items:
                if not self._hand_over(item):
                    return
            self._hand_over(_End(None))
        except BaseException as error:
            self._hand_over(_End(error))

    def _hand_over(self, item: Item | _End) -> bool:
        """Put an item into the queue; return False if the reader has left."""
        while not self._left.is_set():
            try:
                self._queue.put(item, timeout=PATIENCE)
            except Full:
                continue
            return True
        return False
