"""Items made ahead: the same ones, in their order, and a thread that ends with whoever takes them."""

import threading
import time
from collections.abc import Iterator

import pytest

from seqloom.training.prefetch import READY, Prefetch


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "prefetch"]


def counted(made: list[int], count: int) -> Iterator[int]:
    for number in range(count):
        made.append(number)
        yield number


def test_every_item_in_order() -> None:
    with Prefetch(iter(range(100))) as ready:
        assert list(ready) == list(range(100))
    assert not threads()


def test_items_are_made_ahead_but_not_far() -> None:
    made: list[int] = []
    with Prefetch(counted(made, 100)) as ready:
        items = iter(ready)
        assert next(items) == 0
        time.sleep(0.3)
        assert 2 <= len(made) <= READY + 2


def test_an_error_while_making_comes_where_the_item_would_have() -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise OSError("disk gone")

    with Prefetch(broken()) as ready:
        items = iter(ready)
        assert next(items) == 1
        with pytest.raises(OSError, match="disk gone"):
            next(items)
    assert not threads()


def test_leaving_early_ends_the_thread() -> None:
    made: list[int] = []

    def leave() -> None:
        with Prefetch(counted(made, 10**9)) as ready:
            for item in ready:
                if item == 5:
                    raise KeyError

    with pytest.raises(KeyError):
        leave()
    assert not threads()
    assert len(made) <= 6 + READY + 1
