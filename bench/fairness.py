"""Latency of requests of one row next to a request of 60,000 rows: `python -m bench.fairness`.

An untrained model of a few thousand parameters answers them from threads, as `mlflow models serve` does. Prints how
long the small requests take, how long the large one, and the peak of memory.
"""

import resource
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Event

from seqloom.decoding.predictor import Predictor
from tests.registry.tiny import write_checkpoint

ROWS, CLIENTS, REQUESTS, PAUSE = 60_000, 20, 5, 0.2  # seconds between two requests of a client
WORDS = ["ein", "kleiner", "Hund", "a", "small", "dog"]
OPTIONS = {"beam_size": 1, "max_length": 4}


def main() -> None:
    random = Random(1)
    with tempfile.TemporaryDirectory() as folder:
        answering = Predictor.load(write_checkpoint(Path(folder)))
    texts = [" ".join(random.choices(WORDS, k=random.randint(1, 12))) for _ in range(ROWS)]
    begun = Event()
    before = _peak()

    def large() -> float:
        started = time.monotonic()
        begun.set()
        assert len(answering(texts, OPTIONS)["prediction"]) == ROWS
        return time.monotonic() - started

    def small(client: int) -> list[float]:
        assert begun.wait(60)
        seconds = []
        for _ in range(REQUESTS):
            time.sleep(PAUSE)
            started = time.monotonic()
            answering([texts[client]], OPTIONS)
            seconds.append(time.monotonic() - started)
        return seconds

    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        whole = pool.submit(large)
        seconds = sorted(second for each in pool.map(small, range(CLIENTS)) for second in each)
        quantiles = statistics.quantiles(seconds, n=20)
        print(f"{len(seconds)} requests of one row: p50 {quantiles[9]:.3f} s, p95 {quantiles[18]:.3f} s")
        print(f"one of {ROWS:,} rows: {whole.result():.1f} s")
    print(f"peak of memory {before} MB before, {_peak()} MB after")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
