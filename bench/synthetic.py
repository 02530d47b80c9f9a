"""Text of any length with the words of a corpus: drawn one by one by their frequency, in sentences of its lengths."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from bench.artifacts import LANGUAGES
from seqloom.corpus.corpus_files import CorpusWriter

CHUNK = 50_000  # sentences drawn at once


def write_corpus(data: Path, words: int, folder: Path) -> None:
    """Write the folder of a corpus stage with about `words` words in the training split, both sides together."""
    sides = [
        _sentences(data / f"train.{language}", words // 2, seed) for seed, language in enumerate(LANGUAGES.values())
    ]
    with CorpusWriter(folder) as writer:
        rows = enumerate(zip(*sides, strict=False))
        for split, size in (("test", 1), ("validation", 1), ("train", CHUNK)):
            while chunk := list(islice(rows, size)):
                numbers, pairs = zip(*chunk, strict=True)
                sources, targets = zip(*pairs, strict=True)
                columns = {"source": sources, "target": targets, "origin": ["synthetic"] * len(chunk), "line": numbers}
                writer.keep(split, pa.table(columns))
                if split != "train":
                    break


def _sentences(path: Path, words: int, seed: int) -> Iterator[str]:
    """Yield sentences until they have `words` words."""
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    counts = Counter(word for line in lines for word in line)
    known = np.array(list(counts), dtype=object)
    shares = np.array(list(counts.values()), dtype=float)
    lengths = np.array([len(line) for line in lines])
    random = np.random.default_rng(seed)
    while words > 0:
        ends = np.cumsum(random.choice(lengths, CHUNK))
        drawn = known[random.choice(len(known), ends[-1], p=shares / shares.sum())]
        for sentence in np.split(drawn, ends[:-1]):
            yield " ".join(sentence)
            words -= len(sentence)
            if words <= 0:
                return
