"""Requests of many threads: each gets its own answers, whoever worked for whom."""

from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from seqloom.decoding.together import Together


class Worker:
    """Answers with the text and the options; notes what it was asked, and waits at its first call to be let go."""

    def __init__(self) -> None:
        self.asked: list[tuple[list[str], Hashable]] = []
        self.begun, self.go = Event(), Event()

    def __call__(self, texts: Sequence[str], options: Hashable) -> list[str]:
        self.asked.append((list(texts), options))
        self.begun.set()
        assert self.go.wait(10)
        if "bad" in texts:
            raise ValueError("bad")
        return [f"{text}/{options}" for text in texts]


def test_one_request_is_answered_at_once() -> None:
    worker = Worker()
    worker.go.set()
    assert Together(worker)(["a", "b"], 1) == ["a/1", "b/1"]
    assert worker.asked == [(["a", "b"], 1)]


def test_those_that_wait_share_the_next_batch_if_they_ask_for_the_same() -> None:
    worker = Worker()
    together = Together(worker)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(together, ["first"], 1)
        assert worker.begun.wait(10)
        others = [pool.submit(together, [f"{n}", f"{n}!"], n % 2) for n in range(8)]
        while len(together._waiting) < 8:
            pass
        worker.go.set()
        assert first.result() == ["first/1"]
        for n, other in enumerate(others):
            assert other.result() == [f"{n}/{n % 2}", f"{n}!/{n % 2}"]
    assert sorted(len(texts) for texts, _ in worker.asked) == [1, 8, 8]


def test_a_bad_request_is_nobody_elses_trouble() -> None:
    worker = Worker()
    together = Together(worker)
    with ThreadPoolExecutor(9) as pool:
        pool.submit(together, ["first"], 1)
        assert worker.begun.wait(10)
        good = [pool.submit(together, [str(n)], 1) for n in range(6)]
        bad = pool.submit(together, ["bad"], 1)
        while len(together._waiting) < 7:
            pass
        worker.go.set()
        assert [each.result() for each in good] == [[f"{n}/1"] for n in range(6)]
        with pytest.raises(ValueError, match="bad"):
            bad.result()


def test_many_threads_at_once() -> None:
    worker = Worker()
    worker.go.set()
    together, barrier = Together(worker), Barrier(16)

    def ask(number: int) -> bool:
        barrier.wait()
        mine = [(f"{number}-{turn}", turn % 3) for turn in range(50)]
        return all(together([text], options) == [f"{text}/{options}"] for text, options in mine)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(ask, range(16)))
    assert sum(len(texts) for texts, _ in worker.asked) == 16 * 50
