"""The vectors stage: an initial embedding matrix per side, and the facts for its page."""

import logging
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqloom.corpus import SIDES
from seqloom.corpus.corpus_files import iterate_inputs
from seqloom.errors import UserError
from seqloom.progress import Progress
from seqloom.recipe import schema
from seqloom.vectors.embedding_matrix import SOURCE_FILE, TARGET_FILE, EmbeddingMatrix, Lookup, build_matrix
from seqloom.vectors.nearest_neighbors import find_neighbors
from seqloom.vectors.pretrained_vectors import PretrainedVectors, read_pretrained
from seqloom.vectors.word2vec import learn_vectors
from seqloom.vocabulary.special_tokens import END, SPECIAL_TOKENS, START
from seqloom.vocabulary.stage import COUNTS_FILE, load_vocabularies
from seqloom.vocabulary.vocabulary import Vocabulary

logger = logging.getLogger(__name__)

Vocabularies = Mapping[str, Vocabulary]  # by side


def build_vectors(
    section: schema.VectorsSection, shared: bool, corpus: Path, vocabulary: Path, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Write the `(V, D)` float32 matrices of the section's method into `folder` and return the facts.

    `shared` says that both sides have one vocabulary: then they have one matrix too, written for each. Method none
    writes nothing, pretrained nothing for a side without a file, unless shared, and none anything for labels.

    Raises:
        UserError: a pretrained file is missing or malformed, of another width, or knows no token of the vocabulary.
    """
    vocabularies = dict(zip(SIDES, load_vocabularies(vocabulary), strict=True))
    files: dict[str, PretrainedVectors] = {}
    match section.method:
        case "none":
            made: dict[str, EmbeddingMatrix] = {}
        case "pretrained":
            files = _read_files(section)
            made = _look_up(section, shared, vocabularies, files)
        case "word2vec" | "fasttext":
            made = _learn(section, shared, corpus, vocabularies, folder, progress)
    counts = _counts(vocabulary)
    for side, aligned in made.items():
        np.save(folder / {"source": SOURCE_FILE, "target": TARGET_FILE}[side], aligned.matrix)
    return {
        "coverage": {side: aligned.coverage(counts[side]) for side, aligned in made.items()},
        "neighbors": {
            side: find_neighbors(vocabularies[side].tokens, aligned, counts[side]) for side, aligned in made.items()
        },
        "width": section.width,
        "files": {side: vectors.report.facts for side, vectors in files.items()},
    }


def _learn(
    section: schema.VectorsSection,
    shared: bool,
    corpus: Path,
    vocabularies: Vocabularies,
    folder: Path,
    progress: Progress,
) -> dict[str, EmbeddingMatrix]:
    groups = [SIDES] if shared else [(side,) for side in SIDES if not vocabularies[side].of_labels]
    passes = count(1)
    made = {}
    for sides in groups:
        tokens, note = vocabularies[sides[0]].in_lines, " and ".join(sides)
        report = partial(_report, progress, passes, section.epochs * len(groups), note)
        with TemporaryDirectory(dir=folder) as scratch:
            lines = Path(scratch) / "lines.txt"
            write_lines(lines, sides, corpus, vocabularies)
            lookup = learn_vectors(lines, len(tokens), section, report)
        made.update(dict.fromkeys(sides, build_matrix(tokens, lookup, section.width, section.seed)))
    return made


def _report(progress: Progress, passes: Iterator[int], total: int, note: str) -> None:
    progress(next(passes), total, "epochs", note)


def write_lines(path: Path, sides: tuple[str, ...], corpus: Path, vocabularies: Vocabularies) -> None:
    """Write the tokenized training split, a sentence a line; its start and end are words of it, so they are learned."""
    with path.open("w", encoding="utf-8") as file:
        for columns in iterate_inputs(corpus, "train", sides):
            for side in sides:
                file.write(vocabularies[side].lines(columns[side], SPECIAL_TOKENS[START], SPECIAL_TOKENS[END]))


def _read_files(section: schema.VectorsSection) -> dict[str, PretrainedVectors]:
    """Read the vectors of each side that has a file, and log irregularities."""
    named = {"source": section.source_file, "target": section.target_file}
    files = {}
    for side, file in named.items():
        if file:
            files[side] = read_pretrained(Path(file), section.width, f"vectors.{side}_file")
            for note in files[side].report.notes:
                logger.warning("vectors.%s_file: %s: %s", side, file, note)
    return files


def _look_up(
    section: schema.VectorsSection, shared: bool, vocabularies: Vocabularies, files: Mapping[str, Lookup]
) -> dict[str, EmbeddingMatrix]:
    lookups = dict(files)
    if shared:  # one vocabulary knows the words of both sides, so each word has its vector from the first file with it
        lookups = dict.fromkeys(SIDES, _first_of(list(lookups.values())))
    made = {
        side: build_matrix(vocabularies[side].tokens, lookups[side], section.width, section.seed) for side in lookups
    }
    for side, aligned in made.items():
        if not aligned.found.any():
            place = getattr(section, f"{side}_file") or "the file of the other side"
            raise UserError(
                f"vectors.{side}_file: no {side} token has a vector in {place}: give vectors of its language, or set "
                "vocabulary.kind to word"
            )
    return made


def _first_of(lookups: list[Lookup]) -> Lookup:
    def look_up(token: str) -> NDArray[np.float32] | None:
        return next((row for row in (lookup(token) for lookup in lookups) if row is not None), None)

    return look_up


def _counts(vocabulary: Path) -> dict[str, NDArray[np.int64]]:
    """Read the occurrences of each token `(V,)` in the training split, by side."""
    table = pd.read_parquet(vocabulary / COUNTS_FILE).sort_values("id", kind="stable")
    return {side: table.loc[table["side"] == side, "count"].to_numpy(np.int64) for side in SIDES}
