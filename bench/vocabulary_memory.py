"""The vocabulary of a large corpus beside `tokenizers` alone: processor time, and memory.

Each runs in a process of its own: our stage on the corpus that was built, imports, counts and figures for people among
it, and the library on a file of its text with space marks.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from tokenizers import Tokenizer, models, trainers

from bench.row import Row
from bench.usage import used_by
from seqloom.corpus import SIDES
from seqloom.corpus.corpus_files import iterate_columns
from seqloom.progress import unwatched
from seqloom.recipe.schema import VocabularySection
from seqloom.vocabulary.pretokenization import mark, splitter

GOAL = 1.2  # times the processor time of the bare library
SECTION = VocabularySection(kind="bpe", size=8000, shared=True)
_TEXT = "text.txt"


def measure(folder: Path, pairs: int) -> Row:
    """Measure the stage on the corpus in `folder / "corpus"`."""
    _, ours, theirs = (used_by([sys.executable, "-m", "bench.vocabulary_memory", work, str(folder)]) for work in WORK)
    shown = [f"{usage.seconds:.1f} s of processor, {usage.largest:,.0f} MiB" for usage in (ours, theirs)]
    what = f"vocabulary of {pairs / 1e6:g} M pairs"
    return Row(what, shown[0], f"{shown[1]}, tokenizers bare", ours.seconds / theirs.seconds, GOAL, "less")


def _write_text(folder: Path) -> None:
    with (folder / _TEXT).open("w", encoding="utf-8") as file:
        for columns in iterate_columns(folder / "corpus", "train", SIDES):
            for side in SIDES:
                file.writelines(f"{mark(text)}\n" for text in columns[side])


def _learn(folder: Path) -> None:
    from seqloom.vocabulary.stage import build_vocabulary  # what only ours imports

    (folder / "vocabulary").mkdir()
    build_vocabulary(SECTION, folder / "corpus", folder / "vocabulary", unwatched)


def _learn_bare(folder: Path) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = splitter()
    trainer = trainers.BpeTrainer(
        vocab_size=SECTION.size, min_frequency=SECTION.min_frequency, max_token_length=16, show_progress=False
    )
    tokenizer.train([str(folder / _TEXT)], trainer)


WORK: dict[str, Callable[[Path], None]] = {"text": _write_text, "ours": _learn, "bare": _learn_bare}

if __name__ == "__main__":
    WORK[sys.argv[1]](Path(sys.argv[2]))
