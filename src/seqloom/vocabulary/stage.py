"""The vocabulary stage: source and target tokenizer, token counts, and the facts for its page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow.parquet import read_metadata, write_table

from seqloom.corpus import SIDES
from seqloom.corpus.corpus_files import iterate_inputs, keeps_whitespace
from seqloom.errors import UserError
from seqloom.progress import Progress
from seqloom.recipe import schema
from seqloom.vocabulary import word_totals
from seqloom.vocabulary.labels import labels_of
from seqloom.vocabulary.special_tokens import SOURCE_FILE, SPECIAL_TOKENS, TARGET_FILE, UNKNOWN
from seqloom.vocabulary.tokenizer_trainers import BYTE_TOKENS, train_vocabulary
from seqloom.vocabulary.unknown_tokens import check_unknown
from seqloom.vocabulary.vocabulary import Vocabulary
from seqloom.vocabulary.word_counts import count_units, count_words
from seqloom.vocabulary.word_totals import WordTotals, training_words

COUNTS_FILE = "counts.parquet"  # side, id, token, count: on the training split
_FREQUENT = 20  # tokens in the facts

Sections = Mapping[str, schema.VocabularySection]  # by side


@dataclass
class VocabularyText:
    """Word counts of one side of a split; a label is one word."""

    totals: WordTotals
    kind: str
    is_labels: bool
    characters: int = 0
    _units: Counter[str] = field(default_factory=Counter)  # whose words are not counted yet: many batches share them

    def add(self, texts: Sequence[str], keep: bool) -> None:
        """Count the words of some rows."""
        self.characters += sum(map(len, texts))
        self._units.update(Counter(texts) if self.is_labels else count_units(texts, self.kind == "word", keep))
        if len(self._units) > word_totals.HELD:
            self.finish()

    def finish(self) -> None:
        """Count the words of the units that are left."""
        is_whole = self.is_labels or self.kind == "spaced"
        self.totals.add(self._units if is_whole else count_words(self._units))
        self._units.clear()

    def count(self, vocabulary: Vocabulary) -> NDArray[np.int64]:
        """Return occurrences of each token `(V,)`."""
        counted = map(vocabulary.count, WordTotals.summed([self.totals]))
        return sum(counted, np.zeros(len(vocabulary), np.int64))


def build_vocabulary(
    section: schema.VocabularySection,
    corpus: Path,
    folder: Path,
    progress: Progress,
    parent: Path | None = None,
    labeled: bool = False,
    encoder: str = "",
) -> dict[str, Any]:
    """Train the vocabularies on the training split, write them and their counts to `folder`, and return the facts.

    The target vocabulary of a labeled corpus is its labels. A shared vocabulary is trained on both sides and written
    for each. Vocabularies of `parent`, a checkpoint, are kept; those of kind word are extended by new words up to the
    size, the other kinds can spell any text as they are.

    The source vocabulary of `encoder`, the checkpoint that an encoder starts from, is kept as it is.

    Raises:
        UserError: `encoder` is no checkpoint, the size is below the number of fixed tokens, the labels are invalid, or
            most of the validation text is unknown.
    """
    labels = labels_of(corpus) if labeled else None
    parents = _parents(parent) if parent else {}
    keep = parents["source"].keeps_whitespace if parents else keeps_whitespace(corpus)
    sections = dict(zip(SIDES, (section, section.of_target()), strict=True))
    read = partial(_read, corpus, sections=sections, keep=keep, labeled=labeled, progress=progress)
    with TemporaryDirectory(dir=folder) as scratch:
        train, held_out = (read(split, folder=Path(scratch)) for split in ("train", "validation"))
        vocabularies, left_out = _learn(sections, train, labels, keep)
        if encoder:
            vocabularies |= _of_encoder(Path(encoder), shared=section.shared and not labeled)
        if parents:
            vocabularies = {side: extended(old, vocabularies[side], sections[side]) for side, old in parents.items()}
        counts = {side: train[side].count(vocabularies[side]) for side in SIDES}
        unseen = {side: held_out[side].count(vocabularies[side]) for side in SIDES}
    for file, side in zip((SOURCE_FILE, TARGET_FILE), SIDES, strict=True):
        vocabularies[side].save(folder / file)
    unknown = {side: _share(unseen[side][UNKNOWN], unseen[side].sum()) for side in SIDES}
    check_unknown(
        {side: sections[side].kind for side in SIDES}, unknown, {side: int(unseen[side].sum()) for side in SIDES}
    )
    tables = [_table(side, vocabularies[side], counts[side]) for side in SIDES]
    write_table(pa.concat_tables(tables), folder / COUNTS_FILE)
    return {
        "size": {side: len(vocabularies[side]) for side in SIDES},
        "tokens": {side: int(counts[side].sum()) for side in SIDES},
        "unknown": unknown,
        "left_out": left_out,
        "tokens_per_character": {side: _share(counts[side].sum(), train[side].characters) for side in SIDES},
        "longest": {side: _longest(vocabularies[side]) for side in SIDES},
        "frequent": {side: _frequent(vocabularies[side], counts[side]) for side in SIDES},
    }


def load_vocabularies(folder: Path) -> tuple[Vocabulary, Vocabulary]:
    """Read the source and the target vocabulary of a finished stage."""
    return Vocabulary.load(folder / SOURCE_FILE), Vocabulary.load(folder / TARGET_FILE)


def extended(old: Vocabulary, new: Vocabulary, section: schema.VocabularySection) -> Vocabulary:
    """Return the old vocabulary; for words and labels, followed by the tokens that only the new one has."""
    known = set(old.tokens)
    unknown = [token for token in new.tokens if token not in known]  # the most frequent first
    if old.of_labels:
        return Vocabulary.labels([*old.tokens, *unknown][len(SPECIAL_TOKENS) :])
    if section.kind not in ("word", "spaced"):
        return old
    tokens = [*old.tokens, *unknown][: max(section.size, len(old))]
    return Vocabulary.of_words(tokens, section.kind == "spaced", old.keeps_whitespace)


def _of_encoder(checkpoint: Path, shared: bool) -> dict[str, Vocabulary]:
    """Return the source vocabulary of a checkpoint, for both sides if they share one."""
    if not (checkpoint / SOURCE_FILE).is_file():
        raise UserError(
            f"training.start_encoder_from: {checkpoint} is not a checkpoint folder ({SOURCE_FILE} is missing); give a "
            "folder that training wrote"
        )
    source = Vocabulary.load(checkpoint / SOURCE_FILE)
    return dict.fromkeys(SIDES, source) if shared else {"source": source}


def _parents(checkpoint: Path) -> dict[str, Vocabulary]:
    return dict(zip(SIDES, load_vocabularies(checkpoint), strict=True))


def _read(
    corpus: Path, split: str, folder: Path, sections: Sections, keep: bool, labeled: bool, progress: Progress
) -> dict[str, VocabularyText]:
    """Count the words of each side of a split, with their counts spilled to `folder`."""
    texts = {
        side: VocabularyText(WordTotals(folder / f"{split}-{side}"), sections[side].kind, labeled and side == "target")
        for side in SIDES
    }
    done, rows = 0, read_metadata(corpus / f"{split}.parquet").num_rows
    for columns in iterate_inputs(corpus, split, SIDES):
        for side, text in texts.items():
            text.add(columns[side], keep)
        done += len(columns["target"])
        progress(done, rows, "rows", f"counting the words of {split}")
    for text in texts.values():
        text.finish()
    return texts


def _learn(
    sections: Sections, texts: dict[str, VocabularyText], labels: list[str] | None, keep: bool
) -> tuple[dict[str, Vocabulary], dict[str, int]]:
    """Return the vocabulary of each side, and how many distinct words its trainer was not given."""
    vocabularies = {"target": Vocabulary.labels(labels)} if labels else {}
    left_out = dict.fromkeys(SIDES, 0)
    alone = [(side,) for side in SIDES if side not in vocabularies]
    for sides in [SIDES] if sections["source"].shared and not labels else alone:
        section = sections[sides[0]]
        training = training_words([texts[side].totals for side in sides], section.size)
        vocabulary = train_vocabulary(training.words, section, keep, training.characters)
        vocabularies |= dict.fromkeys(sides, vocabulary)
        left_out |= dict.fromkeys(sides, training.left_out)
    return vocabularies, left_out


def _table(side: str, vocabulary: Vocabulary, counts: NDArray[np.int64]) -> pa.Table:
    size = len(vocabulary)
    return pa.table({"side": [side] * size, "id": range(size), "token": list(vocabulary.tokens), "count": counts})


def _share(part: int, whole: int) -> float:
    return round(float(part / whole), 6) if whole else 0.0


def _longest(vocabulary: Vocabulary) -> list[str]:
    """Return the five longest learned tokens, where problems of the text show first."""
    learned = set(vocabulary.tokens) - {*SPECIAL_TOKENS, *BYTE_TOKENS}
    return sorted(learned, key=lambda token: (-len(token), token))[:5]


def _frequent(vocabulary: Vocabulary, counts: NDArray[np.int64]) -> list[list[object]]:
    """Return the most frequent tokens with their counts."""
    order = np.argsort(-counts, kind="stable")[:_FREQUENT]
    return [[vocabulary.tokens[place], int(counts[place])] for place in order if counts[place]]
