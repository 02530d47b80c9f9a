"""Dynamic batching of concurrent requests: own answers, own errors, fair shares."""

import threading
from collections.abc import Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.decoding.answers import Unanswerable
from seqloom.decoding.request_batcher import RequestBatcher
from seqloom.errors import UserError

BATCH, ROOM = 8, 1000
Asked = tuple[list[str], Hashable, list[int]]


class Worker:
    """Answers with the text, the options and its number; notes what it was asked, and waits to be let go."""

    def __init__(self, go: bool = False) -> None:
        self.asked: list[Asked] = []
        self.begun, self.go = Event(), Event()
        if go:
            self.go.set()

    def __call__(self, texts: Sequence[str], options: Hashable, numbers: Sequence[int]) -> list[str]:
        self.asked.append((list(texts), options, list(numbers)))
        self.begun.set()
        assert self.go.wait(10)
        if "bad" in texts:
            raise Unanswerable(texts.index("bad"), len(texts), "is bad")
        return [f"{text}/{options}/{number}" for text, number in zip(texts, numbers, strict=True)]


def together_of(worker: Worker, room: int = ROOM) -> RequestBatcher[str]:
    return RequestBatcher(worker, lambda _: BATCH, room)


def waits(together: RequestBatcher[str], requests: int) -> None:
    while len(together._waiting) < requests:
        pass


def test_one_request_is_answered_at_once() -> None:
    worker = Worker(go=True)
    assert together_of(worker)(["a", "bb"], 1) == ["a/1/0", "bb/1/1"]
    assert worker.asked == [(["a", "bb"], 1, [0, 1])]
    assert together_of(worker)([], 1) == []


def test_a_row_keeps_its_number_and_only_what_is_to_be_kept() -> None:
    together = together_of(Worker(go=True))
    texts = [str(number) * (30 - number) for number in range(20)]
    answers = together(texts, 1, 5, lambda answer: answer[-3:])
    assert answers == [f"{text}/1/{number + 5}"[-3:] for number, text in enumerate(texts)]


def test_those_that_wait_share_the_next_batch_if_they_ask_for_the_same() -> None:
    worker = Worker()
    together = together_of(worker)
    with ThreadPoolExecutor(9) as pool:
        first = pool.submit(together, ["first"], 1)
        assert worker.begun.wait(10)
        others = [pool.submit(together, [f"{n}", f"{n}!"], n % 2) for n in range(8)]
        waits(together, 8)
        worker.go.set()
        assert first.result() == ["first/1/0"]
        for n, other in enumerate(others):
            assert other.result() == [f"{n}/{n % 2}/0", f"{n}!/{n % 2}/1"]
    assert sorted(len(texts) for texts, *_ in worker.asked) == [1, 8, 8]


def test_a_large_request_does_not_starve_small_ones() -> None:
    worker = Worker()
    together = together_of(worker)
    with ThreadPoolExecutor(8) as pool:
        large = pool.submit(together, [f"large {n}" for n in range(200)], 1)
        assert worker.begun.wait(10)
        small = [pool.submit(together, [f"small {n}"], 1 + n % 2) for n in range(6)]
        waits(together, 7)
        worker.go.set()
        assert [each.result() for each in small] == [[f"small {n}/{1 + n % 2}/0"] for n in range(6)]
        assert len(large.result()) == 200
    asked = [texts for texts, *_ in worker.asked]
    assert max(map(len, asked)) == BATCH
    last = max(number for number, texts in enumerate(asked) if any("small" in text for text in texts))
    assert last <= 2  # behind the batch that was being worked on, one for each kind of options
    mixed = next(texts for texts in asked if "small 0" in texts)
    assert len(mixed) == BATCH
    assert sum("large" in text for text in mixed) == BATCH - 3


def test_large_ones_share_too() -> None:
    worker = Worker()
    together = together_of(worker)
    with ThreadPoolExecutor(3) as pool:
        pool.submit(together, ["first"], 1)
        assert worker.begun.wait(10)
        asked = [pool.submit(together, [name] * 40, 1) for name in ("a", "b")]
        waits(together, 2)
        worker.go.set()
        assert [len(each.result()) for each in asked] == [40, 40]
    assert all(sorted(texts) == ["a"] * 4 + ["b"] * 4 for texts, *_ in worker.asked[1:])


def test_more_clients_than_a_batch_has_places_take_turns() -> None:
    worker = Worker()
    together = together_of(worker)
    with ThreadPoolExecutor(21) as pool:
        pool.submit(together, ["first"], 1)
        assert worker.begun.wait(10)
        asked = [pool.submit(together, [str(n), str(n)], 1) for n in range(20)]
        waits(together, 20)
        worker.go.set()
        assert [each.result() for each in asked] == [[f"{n}/1/0", f"{n}/1/1"] for n in range(20)]
    assert [len(texts) for texts, *_ in worker.asked[1:]] == [8] * 5
    assert all(len(set(texts)) == BATCH for texts, *_ in worker.asked[1:3])


def test_a_bad_request_is_nobody_elses_trouble() -> None:
    worker = Worker()
    together = together_of(worker)
    with ThreadPoolExecutor(9) as pool:
        pool.submit(together, ["first"], 1)
        assert worker.begun.wait(10)
        good = [pool.submit(together, [str(n)], 1) for n in range(4)]
        bad = pool.submit(together, ["good", "as good as that", "bad"], 1)
        waits(together, 5)
        worker.go.set()
        assert [each.result() for each in good] == [[f"{n}/1/0"] for n in range(4)]
        with pytest.raises(Unanswerable, match="text 3 of 3 is bad"):
            bad.result()
    assert not together._waiting


def test_there_is_room_for_so_many_rows() -> None:
    worker = Worker()
    together = together_of(worker, room=30)
    with ThreadPoolExecutor(2) as pool:
        large = pool.submit(together, ["a"] * 100, 1)  # alone it may
        assert worker.begun.wait(10)
        with pytest.raises(UserError, match="30 rows of others wait for an answer here: ask again in a while"):
            together(["b"] * 20, 1)
        worker.go.set()
        assert len(large.result()) == 100
    assert len(together(["b"] * 20, 1)) == 20


def test_who_is_stopped_leaves_nobody_waiting() -> None:
    begun, go, calls = Event(), Event(), list[int]()

    def work(texts: Sequence[str], options: Hashable, numbers: Sequence[int]) -> list[str]:
        del options, numbers
        calls.append(len(texts))
        begun.set()
        assert go.wait(10)
        if len(calls) == 1:
            raise KeyboardInterrupt
        return list(texts)

    together = RequestBatcher[str](work, lambda _: BATCH, ROOM)
    stopped: list[BaseException] = []

    def ask() -> None:
        try:
            together(["a"], 1)
        except BaseException as stop:
            stopped.append(stop)

    thread = threading.Thread(target=ask)
    thread.start()
    assert begun.wait(10)
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(together, ["b"], 1)
        waits(together, 1)
        go.set()
        assert other.result(10) == ["b"]
    thread.join(10)
    assert isinstance(stopped[0], KeyboardInterrupt)


def test_two_threads_at_most_ever_compute_however_many_ask() -> None:
    """The first before a second one asks, and the batcher's own; each that computes keeps OpenMP's threads for good."""
    worker, threads = Worker(), list[str]()

    def work(texts: Sequence[str], options: Hashable, numbers: Sequence[int]) -> list[str]:
        threads.append(threading.current_thread().name)
        return worker(texts, options, numbers)

    together = RequestBatcher[str](work, lambda _: BATCH, ROOM)
    with ThreadPoolExecutor(13) as pool:
        first = pool.submit(together, ["first"], 0)
        assert worker.begun.wait(10)
        others = [pool.submit(together, [str(n)], n) for n in range(12)]
        waits(together, 12)
        worker.go.set()
        assert [each.result() for each in (first, *others)] == [["first/0/0"], *([f"{n}/{n}/0"] for n in range(12))]
        assert pool.submit(together, ["later"], 1).result() == ["later/1/0"]
    assert set(threads[1:]) == {"batches_0"}


def test_who_asks_alone_computes_in_his_own_thread() -> None:
    """As whoever limits the threads of his own thread expects, and whoever stops a long search by Ctrl-C."""
    threads = set[int]()

    def work(texts: Sequence[str], options: Hashable, numbers: Sequence[int]) -> list[str]:
        del options, numbers
        threads.add(threading.get_ident())
        return [*texts]

    together = RequestBatcher[str](work, lambda _: BATCH, ROOM)
    for _ in range(3):
        together(["a"] * 20, 1)
    assert threads == {threading.get_ident()}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.lists(st.text(max_size=5), max_size=30), st.integers(0, 2)), max_size=12))
def test_many_threads_at_once(requests: list[tuple[list[str], int]]) -> None:
    worker = Worker(go=True)
    together = together_of(worker, room=10_000)
    barrier = Barrier(max(1, len(requests)))

    def ask(request: tuple[list[str], int]) -> bool:
        texts, options = request
        barrier.wait(10)
        return together(texts, options) == [f"{text}/{options}/{row}" for row, text in enumerate(texts)]

    with ThreadPoolExecutor(12) as pool:
        assert all(pool.map(ask, requests))
    assert sum(len(texts) for texts, *_ in worker.asked) == sum(len(texts) for texts, _ in requests)
    assert all(len(texts) <= BATCH for texts, *_ in worker.asked)
