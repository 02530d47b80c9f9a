"""Latency per text on the CPU: versions take turns in one warm process, on one thread.

Other load on the machine slows both down alike, so their ratio stays; the spread over the rounds is reported.
Shapes: R rounds, N texts, V versions.
"""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

ROUNDS = 5
TIMED, WARMING = 50, 10  # texts answered one at a time in each round, and before the clock runs
THREADS = 1  # more wait for each other, and for whatever else runs
SECONDS_AT_MOST = 120.0  # after which no further round begins
THREADS_VARIABLE = "OMP_NUM_THREADS"  # CTranslate2 reads it when a model is loaded

Answer = Callable[[Sequence[str]], object]


@dataclass(frozen=True)
class Latency:
    """50th and 95th percentile of milliseconds for one text on the CPU."""

    p50: float
    p95: float
    low: float  # p95 where each text is taken from its fastest round: no noise of the machine is in it
    high: float  # p95 of the slowest round

    @classmethod
    def of(cls, seconds: NDArray[np.float64]) -> Self:
        """Compute the percentiles from rounds `(R, N)`; each text counts with its median over the rounds."""
        median, fastest = np.median(seconds, axis=0), seconds.min(axis=0)
        p50, p95, low = (float(np.quantile(*what)) for what in ((median, 0.5), (median, 0.95), (fastest, 0.95)))
        high = max(p95, float(np.quantile(seconds, 0.95, axis=1).max()))
        return cls(*(1000 * value for value in (p50, p95, low, high)))

    @property
    def told(self) -> str:
        """Return the latency and its spread in words."""
        return f"{self.p95:.1f} ms ({self.low:.1f} to {self.high:.1f})"


def by_turns(answers: Sequence[Answer], sources: Sequence[str], most: int | None = None) -> list[Latency]:
    """Measure each version on every text in turn, in `most` rounds, else `ROUNDS`; the order changes between them."""
    most = most or ROUNDS
    texts = _from_short_to_long(sources)
    rounds: list[NDArray[np.float64]] = []
    started = time.perf_counter()
    with one_thread():
        for answer in answers:
            for text in texts[:: max(1, len(texts) // WARMING)]:  # short and long: each new length is slow at first
                answer([text])
        while not rounds or (len(rounds) < most and time.perf_counter() - started < SECONDS_AT_MOST):
            rounds.append(_round(answers, texts, first=len(rounds)))
    return [Latency.of(seconds) for seconds in np.stack(rounds, axis=1)]


@contextmanager
def one_thread() -> Iterator[None]:
    """Limit torch and CTranslate2 to `THREADS` inside the context."""
    import torch  # seconds that only a new version needs

    threads = torch.get_num_threads()
    torch.set_num_threads(THREADS)
    try:
        with engine_on_one_thread():
            yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def engine_on_one_thread() -> Iterator[None]:
    """Limit what CTranslate2 loads inside the context to `THREADS`; torch keeps those it has."""
    import torch  # noqa: F401 it reads the variable too, when it is imported

    previous = os.environ.get(THREADS_VARIABLE)
    os.environ[THREADS_VARIABLE] = str(THREADS)
    try:
        yield
    finally:
        os.environ.pop(THREADS_VARIABLE)
        if previous is not None:
            os.environ[THREADS_VARIABLE] = previous


def _round(answers: Sequence[Answer], texts: Sequence[str], first: int) -> NDArray[np.float64]:
    """Return the seconds `(V, N)` of V versions for N texts."""
    seconds = np.empty((len(answers), len(texts)))
    for number, text in enumerate(texts):
        for turn in range(len(answers)):
            version = (first + number + turn) % len(answers)
            started = time.perf_counter()
            answers[version]([text])
            seconds[version, number] = time.perf_counter() - started
    return seconds


def _from_short_to_long(sources: Sequence[str]) -> list[str]:
    """Return a sample of texts, evenly spaced by length."""
    ordered = sorted(sources, key=len)
    count = min(TIMED, len(ordered))
    return [ordered[(2 * part + 1) * len(ordered) // (2 * count)] for part in range(count)]
