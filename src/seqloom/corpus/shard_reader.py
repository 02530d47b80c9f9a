"""Read a shard of a corpus into parts on the disk: normalized, filtered, with the keys that compare rows."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import repeat
from pathlib import Path
from typing import NamedTuple, Self

from seqloom.corpus import SIDES
from seqloom.corpus.corpus_files import SHOWN, storable
from seqloom.corpus.duplicate_filters import DuplicateFilters
from seqloom.corpus.excluded_texts import ExcludedTexts
from seqloom.corpus.filters.filter_chain import FilterChain
from seqloom.corpus.near_duplicates import NearDuplicates
from seqloom.corpus.normalization import fold_text, has_layout, normalize
from seqloom.corpus.normalized_pairs import CheckedRows, NormalizedPair, PairSteps, checked_rows
from seqloom.corpus.pairs import RawPair, SplitGroup, Unreadable
from seqloom.corpus.part_files import NO_KEY, Part, PartRow, write_part
from seqloom.corpus.personal_data import PersonalData
from seqloom.corpus.rejects import RowCounts
from seqloom.corpus.row_keys import as_bytes, key_of, keys_of_dialogue, keys_of_pairs, keys_of_texts
from seqloom.corpus.shards import ROWS, Shard
from seqloom.corpus.similar_groups import SIMILARITY
from seqloom.corpus.text_column import TextColumn
from seqloom.corpus.text_normalizers import NormalizedRows, TextNormalizers
from seqloom.corpus.word_alignment import WordAlignment
from seqloom.errors import showable
from seqloom.recipe.schema import CorpusSection

_CHARACTERS = 1 << 25  # of a part, at most about
_REPORT_EVERY = 10_000  # rows
_OBJECTS = 200_000  # that are made between two searches for cycles

Told = Callable[[int, str], None]
"""Called now and then with a number of rows that were read, and their file."""


@dataclass
class FileRows:
    """Rows of a file, and the counts that limit the unreadable ones."""

    origin: str
    rows: int = 0
    counts: RowCounts = field(default_factory=RowCounts)


@dataclass
class ShardRows:
    """Result of a shard: its parts, in order, and counts."""

    parts: list[Part] = field(default_factory=list)
    files: list[FileRows] = field(default_factory=list)
    replaced: dict[str, int] = field(default_factory=dict)  # personal data by type
    normalized: NormalizedRows = field(default_factory=NormalizedRows)


@dataclass(frozen=True)
class RowSteps:
    """Steps for each row, by the recipe."""

    section: CorpusSection
    pairs: PairSteps
    filters: DuplicateFilters

    @classmethod
    def of(cls, section: CorpusSection, keep: bool, alignment: WordAlignment | None = None) -> Self:
        """Prepare the steps of a recipe; `keep` says that white space is kept.

        Raises:
            UserError: the file of a word list cannot be read.
        """
        filters = DuplicateFilters.of(section)
        grouped = section.split_by == "similar"
        near = NearDuplicates(filters.similarity if filters.near else SIMILARITY) if filters.near or grouped else None
        personal, excluded = PersonalData.of(section), ExcludedTexts.of(section)
        normalizers = TextNormalizers(section.normalizers, keep)
        pairs = PairSteps(normalizers, FilterChain.by_source(section, alignment), near, personal, excluded)
        return cls(section, pairs, filters)


@contextmanager
def _rare_garbage_collection() -> Iterator[None]:
    """Search for cycles of objects rarely: rows form none, and as they wait to be written, all are looked at each time.

    That took a sixth of the reading.
    """
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@_rare_garbage_collection()
def read_shard(shard: Shard, steps: RowSteps, folder: Path, told: Told) -> ShardRows:
    """Write the rows of a shard to parts in `folder`, and return what became of it.

    Raises:
        UserError: a file violates its format.
    """
    done, waiting = ShardRows(), _Waiting(folder, shard)
    for files in shard.files:
        file = FileRows(files[0].location)
        done.files.append(file)
        for batch in checked_rows(files, shard.given_for, steps.section, steps.pairs):
            _count(batch, file, steps.section, told)
            for checked, row in zip(batch.rows, _part_rows(batch, steps), strict=True):
                waiting.add(row, checked.raw)
        file.counts.read = file.counts.read or file.rows
    waiting.flush()
    done.parts = waiting.parts
    if steps.pairs.personal:
        done.replaced = dict(steps.pairs.personal.counts)
        steps.pairs.personal.counts.clear()
    done.normalized.add(steps.pairs.normalized)
    return done


class _Waiting:
    """Rows that wait for their part to be full; no dialogue is in two parts."""

    def __init__(self, folder: Path, shard: Shard) -> None:
        self._folder, self._shard = folder, shard
        self.parts: list[Part] = []  # that are written
        self._clear()

    def _clear(self) -> None:
        self._rows: list[PartRow] = []
        self._characters, self._dialogues, self._told = 0, 0, False
        self._last: SplitGroup | None = None

    def add(self, row: PartRow, raw: RawPair | Unreadable) -> None:
        """Add a row, and write the part before it if that is full."""
        group = raw.group if isinstance(raw, RawPair) else None
        same = group is not None and group is self._last
        if not same and (len(self._rows) >= ROWS or self._characters > _CHARACTERS):
            self.flush()
        if not same:
            self._dialogues, self._told = self._dialogues + 1, False
        if group and row.reason is None:
            first, self._told = not self._told, True
            row = row._replace(dialogue=self._dialogues, exchanges=keys_of_dialogue(group) if first else b"")
        self._last = group
        self._characters += len(row.source) + len(row.target)
        self._rows.append(row)

    def flush(self) -> None:
        """Write the rows to a part, if there are any."""
        if self._rows:
            path = self._folder / f"part-{len(self.parts):06}.arrow"
            write_part(path, self._rows)
            self.parts.append(Part(path, len(self._rows), self._shard.given_for, self._shard.source_name))
        self._clear()


def _count(batch: CheckedRows, file: FileRows, section: CorpusSection, told: Told) -> None:
    before, file.rows = file.rows, file.rows + len(batch.rows)
    if file.rows // _REPORT_EVERY > before // _REPORT_EVERY:
        told(_REPORT_EVERY, file.origin)
    if section.format == "running":
        file.counts.read = max(file.counts.read, *(row.raw.line for row in batch.rows))
    for row in batch.rows:
        if isinstance(row.raw, Unreadable):
            file.counts.note(row.raw)


def _part_rows(batch: CheckedRows, steps: RowSteps) -> Iterator[PartRow]:
    """Yield the rows as they are written, those with a reason to be rejected among them."""
    candidates = [row for row, defect in zip(*batch, strict=True) if not defect and not row.drop]
    written = _candidate_rows(candidates, steps)
    for row, defect in zip(*batch, strict=True):
        yield _rejected_row(row, defect) if defect or row.drop else next(written)


def _rejected_row(row: NormalizedPair, defect: str) -> PartRow:
    raw = row.raw
    if isinstance(raw, Unreadable):
        return PartRow(storable(raw.text)[:SHOWN], "", raw.location, raw.line, raw.reason, showable(raw.problem))
    reason, problem = (defect, "") if defect or not row.drop else row.drop
    return PartRow(row.source[:SHOWN], row.target[:SHOWN], row.origin, raw.line, reason, showable(problem))


def _candidate_rows(rows: Sequence[NormalizedPair], steps: RowSteps) -> Iterator[PartRow]:
    """Yield the rows that are kept unless another forbids it."""
    keep = steps.pairs.normalizers.keep
    for row, keys in zip(rows, _candidate_keys(rows, steps), strict=True):
        raw, sketch = row.raw, row.sketch
        assert isinstance(raw, RawPair)
        yield PartRow(
            row.source,
            row.target,
            row.origin,
            raw.line,
            layout=not keep and row.target != raw.target and has_layout(raw.target),
            pair=key_of(raw.dedup_key) if raw.dedup_key else keys.pair,
            opening=keys.opening,
            folded=keys.folded,
            sides=keys.sides,
            minima=sketch.minima.tobytes() if sketch else b"",
            bands=sketch.bands.astype(">u8").tobytes() if sketch else b"",
            own=bool(raw.dedup_key),
        )


class _Keys(NamedTuple):
    """Keys of a candidate."""

    pair: bytes
    folded: bytes
    opening: bytes
    sides: bytes


def _candidate_keys(rows: Sequence[NormalizedPair], steps: RowSteps) -> Iterator[_Keys]:
    """Yield the keys of rows; white space does not tell texts apart."""
    section, texts = steps.section, {side: [getattr(row, side) for row in rows] for side in SIDES}
    folded = TextColumn(texts["source"]).folded
    if steps.pairs.normalizers.keep:
        texts = {side: list(map(normalize, of_side)) for side, of_side in texts.items()}
    keys = {side: keys_of_texts(of_side) for side, of_side in texts.items()}
    of_sides = [
        as_bytes(keys_of_texts(list(map(limit.compared, texts[limit.side]))) if limit.of_template else keys[limit.side])
        for limit in steps.filters.limits
    ]
    yield from map(
        _Keys,
        as_bytes(keys_of_pairs(keys["source"], keys["target"])),
        repeat(NO_KEY) if section.overfit else as_bytes(keys_of_texts(folded)),
        map(key_of, _openings(rows, texts["source"], section)),
        map(b"".join, zip(*of_sides, strict=True)) if of_sides else repeat(b""),
    )


def _openings(rows: Sequence[NormalizedPair], sources: Sequence[str], section: CorpusSection) -> Iterator[str]:
    """Yield the text that decides the split of each row."""
    for row, source in zip(rows, sources, strict=True):
        group = row.raw.group if isinstance(row.raw, RawPair) else None
        opening = group.opening if group else source
        yield opening if section.split_by == "source" else fold_text(opening)
