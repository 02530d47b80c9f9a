"""The vocabulary of a large corpus beside `tokenizers` alone: processor time, and memory.

Each runs in a process of its own: our stage on the corpus that was built, imports, counts and figures for people among
it, and the library on a file of its text with space marks. Both run again on the same text with a word more on each
side of each row that no other has: names, typing errors and the like, of which text has ever more.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from numpy import base_repr
from pyarrow import array
from pyarrow.parquet import ParquetFile, ParquetWriter
from tokenizers import Tokenizer, models, trainers

from bench.row import Row
from bench.usage import Usage, used_by
from seqloom.corpus import SIDES
from seqloom.corpus.corpus_files import iterate_columns
from seqloom.progress import unwatched
from seqloom.recipe.schema import VocabularySection
from seqloom.vocabulary.pretokenization import mark, splitter

GOAL = 1.2  # times the processor time of the bare library
LARGEST = 1.5 * 1024  # MiB
SECTION = VocabularySection(kind="bpe", size=8000, shared=True)
_TEXT = "text.txt"
_LETTERS = str.maketrans("0123456789", "QRSTUVWXYZ")  # of numbers to the base of 26, whose last digit is P


def measure(folder: Path, pairs: int) -> list[Row]:
    """Measure the stage on the corpus in `folder / "corpus"`."""
    rows = []
    for kind in ("", "names"):
        what = f"vocabulary of {pairs / 1e6:g} M pairs" + (" with a rare word each" if kind else "")
        if kind:
            _used("names", folder)
        _used("text", folder)
        ours, theirs = (_used(work, folder) for work in ("ours", "bare"))
        shown = [f"{usage.seconds:.1f} s of processor, {usage.largest:,.0f} MiB" for usage in (ours, theirs)]
        against = f"{shown[1]}, tokenizers bare"
        rows.append(Row(what, shown[0], against, ours.seconds / theirs.seconds, GOAL, "less"))
    memory = f"{ours.largest:,.0f} MiB"
    return [*rows, Row(f"{what}, memory", memory, f"{LARGEST:,.0f} MiB", ours.largest / LARGEST, 1.0, "less")]


def _used(work: str, folder: Path) -> Usage:
    return used_by([sys.executable, "-m", "bench.vocabulary_memory", work, str(folder)])


def _add_names(folder: Path) -> None:
    """Put a word of its own behind each side of each row of the training text."""
    path = folder / "corpus" / "train.parquet"
    number = 0
    with ParquetFile(path) as old, ParquetWriter(path.with_suffix(".new"), old.schema_arrow) as new:
        for batch in old.iter_batches(50_000):
            names = [base_repr(row, 26).translate(_LETTERS) for row in range(number, number + len(batch))]
            for side in SIDES:
                texts = [f"{text} {name}" for text, name in zip(batch[side].to_pylist(), names, strict=True)]
                batch = batch.set_column(batch.schema.get_field_index(side), side, array(texts))
            new.write_batch(batch)
            number += len(batch)
    path.with_suffix(".new").replace(path)


def _write_text(folder: Path) -> None:
    with (folder / _TEXT).open("w", encoding="utf-8") as file:
        for columns in iterate_columns(folder / "corpus", "train", SIDES):
            for side in SIDES:
                file.writelines(f"{mark(text)}\n" for text in columns[side])


def _learn(folder: Path) -> None:
    from seqloom.vocabulary.stage import build_vocabulary  # what only ours imports

    (folder / "vocabulary").mkdir(exist_ok=True)
    build_vocabulary(SECTION, folder / "corpus", folder / "vocabulary", unwatched)


def _learn_bare(folder: Path) -> None:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = splitter()
    trainer = trainers.BpeTrainer(
        vocab_size=SECTION.size, min_frequency=SECTION.min_frequency, max_token_length=16, show_progress=False
    )
    tokenizer.train([str(folder / _TEXT)], trainer)


WORK: dict[str, Callable[[Path], None]] = {
    "names": _add_names,
    "text": _write_text,
    "ours": _learn,
    "bare": _learn_bare,
}

if __name__ == "__main__":
    WORK[sys.argv[1]](Path(sys.argv[2]))
