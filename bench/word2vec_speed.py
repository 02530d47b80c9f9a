"""The vectors stage against bare `gensim.models.Word2Vec(corpus_file=…)` with the same settings and workers.

Each runs in a process of its own. Bare: gensim alone on a file of tokens that is there already. Ours: the stage as it
is: cut the text into tokens, write that file, let gensim learn, align the vectors with the vocabulary, find neighbors
for people. Two passes over the text in place of the recipe's ten, so that what the stage adds weighs five times what it
weighs for users. Memory is compared with that of a quarter of the text.
"""

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.paths import HOME
from bench.row import Row
from bench.synthetic import write_corpus
from bench.usage import Usage, used_by
from seqloom.corpus import SIDES
from seqloom.progress import unwatched
from seqloom.recipe.schema import VectorsSection, VocabularySection
from seqloom.vectors.stage import build_vectors, write_lines
from seqloom.vectors.word2vec import options_of
from seqloom.vocabulary.stage import build_vocabulary, load_vocabularies

GOAL = 1.1  # times the processor time of gensim alone
FLAT = 1.1  # times the memory of a quarter of the text
WORDS_PER_TOKEN = 0.8  # of this text in a vocabulary of 8,000


def measure(data: Path, tokens: int, workers: int) -> list[Row]:
    """Learn vectors of a synthetic corpus of about so many tokens both ways, and ours of a quarter of it."""
    with TemporaryDirectory(dir=HOME) as scratch:
        quarter, whole = (_prepared(Path(scratch) / str(size), data, size) for size in (tokens // 4, tokens))
        less, ours = (_used_by_ours(folder, workers) for folder in (quarter, whole))
        theirs = _used_by_gensim(whole, workers)
    what = f"word2vec, {tokens / 1e6:g} M tokens, {workers} workers"
    shown = [f"{usage.seconds:.1f} s of processor, {usage.largest:,.0f} MiB" for usage in (ours, theirs)]
    memory = f"{less.largest:,.0f} MiB of a quarter"
    return [
        Row(what, shown[0], f"{shown[1]}, gensim bare", ours.seconds / theirs.seconds, GOAL, "less"),
        Row(f"{what}, memory", f"{ours.largest:,.0f} MiB", memory, ours.largest / less.largest, FLAT, "less"),
    ]


def _prepared(folder: Path, data: Path, tokens: int) -> Path:
    """Make a folder with a corpus and its vocabulary."""
    for name in ("corpus", "vocabulary", "vectors"):
        (folder / name).mkdir(parents=True)
    write_corpus(data, int(tokens * WORDS_PER_TOKEN), folder / "corpus")
    section = VocabularySection(kind="bpe", size=8000, shared=True)
    build_vocabulary(section, folder / "corpus", folder / "vocabulary", unwatched)
    return folder


def _used_by_ours(folder: Path, workers: int) -> Usage:
    return used_by([sys.executable, "-m", "bench.word2vec_speed", str(folder), str(workers)])


def _used_by_gensim(folder: Path, workers: int) -> Usage:
    lines = folder / "lines.txt"
    write_lines(
        lines, SIDES, folder / "corpus", dict(zip(SIDES, load_vocabularies(folder / "vocabulary"), strict=True))
    )
    return used_by([sys.executable, "-m", "bench.gensim_alone", str(lines), json.dumps(options_of(_section(workers)))])


def _section(workers: int) -> VectorsSection:
    return VectorsSection(method="word2vec", width=256, epochs=2, workers=workers)


def _learn(folder: Path, workers: int) -> None:
    build_vectors(_section(workers), True, folder / "corpus", folder / "vocabulary", folder / "vectors", unwatched)


if __name__ == "__main__":
    _learn(Path(sys.argv[1]), int(sys.argv[2]))
