"""Dataset stage: encode every split by the vocabularies once, so that no epoch tokenizes again."""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from seqloom.corpus import SIDES, SPLITS
from seqloom.corpus.feature_statistics import FEATURES_FILE, frames_path, offsets_path
from seqloom.corpus.source_context import CONTEXT_FILE
from seqloom.dataset.length_limit import LengthLimit
from seqloom.dataset.sequences import Sequences, open_sequences, write_sequences
from seqloom.dataset.source_weights import SOURCES_FILE
from seqloom.progress import Progress


def encode_corpus(corpus: Path, vocabulary: Path, folder: Path, progress: Progress) -> dict[str, Any]:
    """Write the id sequences of each split and side, and the length limit, to `folder`; return counts."""
    from seqloom.corpus.corpus_files import iterate_inputs, rows_by_source
    from seqloom.vocabulary.stage import load_vocabularies

    vocabularies = dict(zip(SIDES, load_vocabularies(vocabulary), strict=True))
    done = 0
    facts: dict[str, Any] = {"tokens": {}, "mean_length": {}}

    def chunks(split: str, side: str) -> Iterator[Sequence[Sequence[int]]]:
        nonlocal done
        for columns in iterate_inputs(corpus, split, (side,)):
            yield vocabularies[side].encode(columns[side])
            done += len(columns[side])
            progress(done, None, "rows")

    for split in SPLITS:
        for side in SIDES:
            sequences = write_sequences(folder / f"{split}.{side}", chunks(split, side))
            facts["tokens"][f"{split}.{side}"] = int(sequences.offsets[-1])
            facts["mean_length"][f"{split}.{side}"] = round(float(sequences.lengths.mean()), 2)
    if of_sources := rows_by_source(corpus, "train"):
        (folder / SOURCES_FILE).write_text(json.dumps(of_sources), encoding="utf-8")
    limit = LengthLimit.of(*open_split(folder, "train"))
    limit.save(folder)
    beside = [CONTEXT_FILE, FEATURES_FILE]
    beside += [path(folder, split).name for split in SPLITS for path in (frames_path, offsets_path)]
    for name in beside:
        if (corpus / name).is_file():
            shutil.copyfile(corpus / name, folder / name)
    return {**facts, "length_limit": asdict(limit)}


def open_split(folder: Path, split: str) -> tuple[Sequences, Sequences]:
    """Open the source and target sequences of one split."""
    source, target = (open_sequences(folder / f"{split}.{side}") for side in SIDES)
    return source, target
