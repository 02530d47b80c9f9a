"""The vocabulary and dataset stages against Hugging Face `tokenizers` called bare.

Bare: byte pair encoding of the same size, limits and cuts, learned from a text file by the library's own reader, and
its lines encoded by `encode_batch_fast`, ids kept. Ours: the two stages as they are, with all that is on top: the check
of rare characters, token counts, figures for people, files. Both may use every core.
"""

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tokenizers import Tokenizer, models, trainers

from bench.paths import HOME
from bench.row import Row
from bench.synthetic import write_corpus
from seqloom.corpus import SIDES
from seqloom.corpus.corpus_files import iterate_split
from seqloom.dataset.stage import encode_corpus
from seqloom.progress import unwatched
from seqloom.recipe.schema import VocabularySection
from seqloom.vocabulary.pretokenization import mark, splitter
from seqloom.vocabulary.stage import build_vocabulary

GOAL = 1.2
AT_ONCE = 50_000  # lines encoded in one call, as in our stage
SECTION = VocabularySection(kind="bpe", size=8000, shared=True)


def measure(data: Path, words: int) -> list[Row]:
    """Learn from and encode a synthetic corpus of `words` words both ways."""
    with TemporaryDirectory(dir=HOME) as scratch:
        corpus, vocabulary, batches = (Path(scratch) / name for name in ("corpus", "vocabulary", "dataset"))
        for folder in (corpus, vocabulary, batches):
            folder.mkdir()
        write_corpus(data, words, corpus)
        theirs = _bare(_write_marked(corpus, Path(scratch) / "lines.txt"))
        started = time.perf_counter()
        build_vocabulary(SECTION, corpus, vocabulary, unwatched)
        encode_corpus(corpus, vocabulary, batches, unwatched)
        ours = time.perf_counter() - started
    what = f"vocabulary learned, text encoded, {words / 1e6:.0f} M words"
    return [Row(what, f"{ours:.1f} s", f"{theirs:.1f} s, tokenizers bare", ours / theirs, GOAL, "less")]


def _write_marked(corpus: Path, path: Path) -> Path:
    """Write the training text of both sides with space marks."""
    with path.open("w", encoding="utf-8") as file:
        for frame in iterate_split(corpus, "train"):
            for side in SIDES:
                file.writelines(f"{mark(text)}\n" for text in frame[side])
    return path


def _bare(path: Path) -> float:
    """Return the seconds of training and encoding with the bare library."""
    started = time.perf_counter()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = splitter()
    trainer = trainers.BpeTrainer(
        vocab_size=SECTION.size, min_frequency=SECTION.min_frequency, max_token_length=16, show_progress=False
    )
    tokenizer.train([str(path)], trainer)
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = []
    for start in range(0, len(lines), AT_ONCE):
        kept += [encoding.ids for encoding in tokenizer.encode_batch_fast(lines[start : start + AT_ONCE])]
    assert len(kept) == len(lines)
    return time.perf_counter() - started
