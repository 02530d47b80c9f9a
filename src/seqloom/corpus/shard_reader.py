"""Read a shard of a corpus into parts on the disk: normalized, filtered, with the keys that compare rows."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from seqloom.corpus.corpus_files import SHOWN, storable
from seqloom.corpus.duplicate_filters import DuplicateFilters
from seqloom.corpus.excluded_texts import ExcludedTexts
from seqloom.corpus.filters.filter_chain import FilterChain
from seqloom.corpus.near_duplicates import NearDuplicates
from seqloom.corpus.normalization import has_layout, normalize
from seqloom.corpus.normalized_pairs import NormalizedPair, PairSteps, checked_rows
from seqloom.corpus.overlap import fold_text
from seqloom.corpus.pairs import RawPair, SplitGroup, Unreadable
from seqloom.corpus.part_files import NO_KEY, Part, PartRow, write_part
from seqloom.corpus.personal_data import PersonalData
from seqloom.corpus.rejects import RowCounts
from seqloom.corpus.row_keys import key_of, key_of_pair, keys_of_dialogue
from seqloom.corpus.shards import ROWS, Shard
from seqloom.corpus.similar_groups import SIMILARITY
from seqloom.corpus.text_normalizers import NormalizedRows, TextNormalizers
from seqloom.corpus.word_alignment import WordAlignment
from seqloom.errors import showable
from seqloom.recipe.schema import CorpusSection

_CHARACTERS = 1 << 25  # of a part, at most about
_REPORT_EVERY = 10_000  # rows

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


def read_shard(shard: Shard, steps: RowSteps, folder: Path, told: Told) -> ShardRows:
    """Write the rows of a shard to parts in `folder`, and return what became of it.

    Raises:
        UserError: a file violates its format.
    """
    done, waiting = ShardRows(), _Waiting(folder, shard)
    for files in shard.files:
        file = FileRows(files[0].location)
        done.files.append(file)
        for row in checked_rows(files, shard.given_for, steps.section, steps.pairs):
            file.rows += 1
            if file.rows % _REPORT_EVERY == 0:
                told(_REPORT_EVERY, file.origin)
            if steps.section.format == "running":
                file.counts.read = max(file.counts.read, row.raw.line)
            if isinstance(row.raw, Unreadable):
                file.counts.note(row.raw)
            done.parts += waiting.add(_part_row(row, steps), row.raw)
        file.counts.read = file.counts.read or file.rows
    done.parts += waiting.flush()
    if steps.pairs.personal:
        done.replaced = dict(steps.pairs.personal.counts)
        steps.pairs.personal.counts.clear()
    done.normalized.add(steps.pairs.normalized)
    return done


class _Waiting:
    """Rows that wait for their part to be full; no dialogue is in two parts."""

    def __init__(self, folder: Path, shard: Shard) -> None:
        self._folder, self._shard, self._written = folder, shard, 0
        self._clear()

    def _clear(self) -> None:
        self._rows: list[PartRow] = []
        self._characters, self._dialogues, self._told = 0, 0, False
        self._last: SplitGroup | None = None

    def add(self, row: PartRow, raw: RawPair | Unreadable) -> Iterator[Part]:
        """Add a row, and yield the part before it if that is full."""
        group = raw.group if isinstance(raw, RawPair) else None
        same = group is not None and group is self._last
        if not same and (len(self._rows) >= ROWS or self._characters > _CHARACTERS):
            yield from self.flush()
        if not same:
            self._dialogues, self._told = self._dialogues + 1, False
        if group and row.reason is None:
            first, self._told = not self._told, True
            row = row._replace(dialogue=self._dialogues, exchanges=keys_of_dialogue(group) if first else b"")
        self._last = group
        self._characters += len(row.source) + len(row.target)
        self._rows.append(row)

    def flush(self) -> Iterator[Part]:
        """Write the rows, and yield their part, if there are any."""
        if self._rows:
            path = self._folder / f"part-{self._written:06}.arrow"
            write_part(path, self._rows)
            yield Part(path, len(self._rows), self._shard.given_for, self._shard.source_name)
            self._written += 1
        self._clear()


def _part_row(row: NormalizedPair, steps: RowSteps) -> PartRow:
    """Return a row as it is written, with the reason why it is rejected, if there is one."""
    raw = row.raw
    if isinstance(raw, Unreadable):
        return PartRow(storable(raw.text)[:SHOWN], "", raw.location, raw.line, raw.reason, showable(raw.problem))
    reason = row.reject_reason(steps.section) or (row.drop.filter if row.drop else "")
    problem = showable(row.drop.problem) if row.drop and reason == row.drop.filter else ""
    if reason:
        return PartRow(row.source[:SHOWN], row.target[:SHOWN], row.origin, raw.line, reason, problem)
    keep = steps.pairs.normalizers.keep
    source, target = (normalize(row.source), normalize(row.target)) if keep else (row.source, row.target)
    sides = {"source": source, "target": target}
    opening = raw.group.opening if raw.group else source
    return PartRow(
        row.source,
        row.target,
        row.origin,
        raw.line,
        layout=not keep and has_layout(raw.target),
        pair=key_of_pair(source, target, raw.dedup_key),
        opening=key_of(opening if steps.section.split_by == "source" else fold_text(opening)),
        folded=NO_KEY if steps.section.overfit else key_of(fold_text(row.source)),
        sides=b"".join(key_of(sides[side]) for side in steps.filters.unique.values()),
        minima=row.sketch.minima.tobytes() if row.sketch else b"",
        bands=row.sketch.bands.astype(">u8").tobytes() if row.sketch else b"",
        own=bool(raw.dedup_key),
    )
