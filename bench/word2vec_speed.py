"""The vectors stage against bare `gensim.models.Word2Vec(corpus_file=…)` with the same settings and workers.

Bare: gensim alone on a file of tokens that is there already. Ours: the stage as it is: cut the text into tokens, write
that file, let gensim learn, align the vectors with the vocabulary, find neighbors for people. Two passes over
the text in place of the recipe's ten, so that what the stage adds weighs five times what it weighs for users.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from gensim.models import Word2Vec

from bench.paths import HOME
from bench.row import Row
from bench.synthetic import write_corpus
from seqloom.corpus import SIDES
from seqloom.corpus.corpus_files import iterate_split
from seqloom.progress import unwatched
from seqloom.recipe.schema import VectorsSection, VocabularySection
from seqloom.vectors.stage import build_vectors
from seqloom.vocabulary.stage import build_vocabulary, load_vocabularies

GOAL = 1.1
WORDS_PER_TOKEN = 0.8  # of this text in a vocabulary of 8,000


def measure(data: Path, tokens: int, workers: int) -> list[Row]:
    """Learn vectors of a synthetic corpus of about so many tokens both ways."""
    section = VectorsSection(method="word2vec", width=256, epochs=2, workers=workers)
    with TemporaryDirectory(dir=HOME) as scratch:
        corpus, vocabulary, vectors = (Path(scratch) / name for name in ("corpus", "vocabulary", "vectors"))
        for folder in (corpus, vocabulary, vectors):
            folder.mkdir()
        write_corpus(data, int(tokens * WORDS_PER_TOKEN), corpus)
        build_vocabulary(VocabularySection(kind="bpe", size=8000, shared=True), corpus, vocabulary, unwatched)
        path = Path(scratch) / "lines.txt"
        count = _write_tokens(corpus, vocabulary, path)
        theirs = _bare(path, section)
        started = time.perf_counter()
        build_vectors(section, True, corpus, vocabulary, vectors, unwatched)
        ours = time.perf_counter() - started
    what = f"word2vec, {count / 1e6:.1f} M tokens, {workers} workers"
    return [Row(what, f"{ours:.1f} s", f"{theirs:.1f} s, gensim bare", ours / theirs, GOAL, "less")]


def _write_tokens(corpus: Path, vocabulary: Path, path: Path) -> int:
    """Write the input of gensim as our stage does, and return the number of tokens."""
    vocabularies = dict(zip(SIDES, load_vocabularies(vocabulary), strict=True))
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for frame in iterate_split(corpus, "train"):
            for side in SIDES:
                for tokens in vocabularies[side].tokenize(frame[side].tolist()):
                    file.write(" ".join(("<s>", *tokens, "</s>")) + "\n")
                    count += len(tokens) + 2
    return count


def _bare(path: Path, section: VectorsSection) -> float:
    """Return the seconds of gensim alone."""
    started = time.perf_counter()
    Word2Vec(
        corpus_file=str(path),
        min_count=1,
        vector_size=section.width,
        sg=int(section.algorithm == "skip-gram"),
        window=section.window,
        negative=section.negative,
        epochs=section.epochs,
        workers=section.workers,
        seed=section.seed,
    )
    return time.perf_counter() - started
