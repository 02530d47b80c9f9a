"""Cross-validation of a labeling recipe: `python -m bench.folds RECIPE FILE [--folds 10] [--at-once 2] [-o …]`.

FILE holds all rows as lines of a label, a space and the text; fold k tests every tenth line, from line k on. Each fold
is a whole training of the recipe, word vectors included, in a home of its own, which is removed again.
"""

import argparse
import statistics
import tempfile
from concurrent.futures import ThreadPoolExecutor
from os import environ
from pathlib import Path

from bench.command import run_seqloom

MEASURES = ("accuracy", "macro_f1")
OTHERS = ("test", "baseline/tfidf", "baseline/majority")


def main() -> None:
    """Print each fold as it comes, then mean and spread."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("--folds", type=int, default=10)
    parser.add_argument("--at-once", type=int, default=1, help="Folds trained side by side; each has a thread then.")
    parser.add_argument("--encoding", default="utf-8", help="As corpus.encoding.")
    parser.add_argument("-o", "--override", action="append", default=[])
    asked = parser.parse_args()
    lines = asked.file.read_bytes().splitlines(keepends=True)
    override = [f"corpus.encoding={asked.encoding}", *asked.override]
    if asked.at_once > 1:
        environ["OMP_NUM_THREADS"] = "1"

    def train(fold: int) -> dict[str, float]:
        return _train(asked.recipe, lines, fold, asked.folds, override)

    measured = []
    with ThreadPoolExecutor(asked.at_once) as pool:
        for fold, metrics in enumerate(pool.map(train, range(asked.folds))):
            measured.append(metrics)
            print(fold, *(f"{name} {100 * metrics[f'test/{name}']:.2f}" for name in MEASURES), flush=True)
    for system in OTHERS:
        for name in MEASURES:
            figures = [100 * metrics[f"{system}/{name}"] for metrics in measured]
            print(f"{system}/{name}: {statistics.mean(figures):.2f} ± {statistics.stdev(figures):.2f}")


def _train(recipe: Path, lines: list[bytes], fold: int, folds: int, override: list[str]) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as scratch:
        train, test = (Path(scratch) / name for name in ("train", "test"))
        train.write_bytes(b"".join(line for number, line in enumerate(lines) if number % folds != fold))
        test.write_bytes(b"".join(lines[fold::folds]))
        corpus = [f"corpus.train=['{train}']", f"corpus.test=['{test}']", "corpus.format=labeled"]
        overrides = [part for each in [*corpus, *override] for part in ("-o", each)]
        metrics: dict[str, float] = run_seqloom(Path(scratch) / "home", "train", str(recipe.resolve()), *overrides)[
            "metrics"
        ]
        return metrics


if __name__ == "__main__":
    main()
