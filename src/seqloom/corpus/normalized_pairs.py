"""Pairs of all files in normal form, with what the filters say of those of the training files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from seqloom.corpus import SIDES
from seqloom.corpus.dialogue_context import TURN
from seqloom.corpus.excluded_texts import ExcludedTexts
from seqloom.corpus.filters.filter_chain import Drop, FilterChain
from seqloom.corpus.filters.pair_filter import TextPair
from seqloom.corpus.near_duplicates import NearDuplicates, Sketch
from seqloom.corpus.normalization import has_layout, normalize
from seqloom.corpus.pairs import EXCLUDED, RawPair, Unreadable
from seqloom.corpus.personal_data import PersonalData, unescaped
from seqloom.corpus.readers import read_pairs
from seqloom.corpus.rejects import reject_reason
from seqloom.corpus.sources import SourceFile, Sources
from seqloom.corpus.text_normalizers import NormalizedRows, TextNormalizers
from seqloom.recipe.schema import CorpusSection

_SAMPLE, _LAYOUT_SHARE = 10_000, 0.01  # pairs, and the share of them with layout from which on white space is kept
_BATCH = 1000  # pairs that the filters see at once


class NormalizedPair(NamedTuple):
    """A pair as it was read and as it will be kept."""

    given_for: str  # split of the files
    origin: str  # the file
    raw: RawPair | Unreadable
    source: str = ""
    target: str = ""
    source_name: str = ""  # of the recipe's sources, where it has several
    drop: Drop | None = None  # the first filter that it does not pass
    sketch: Sketch | None = None  # of its source, where near-duplicates are dropped

    def reject_reason(self, section: CorpusSection) -> str:
        """Return why it is rejected whatever the filters and the other rows; empty if it is not."""
        return reject_reason(self.raw, self.source, self.target, section)


@dataclass(frozen=True)
class PairSteps:
    """Steps that every pair goes through, by the recipe."""

    normalizers: TextNormalizers
    chains: Mapping[str, FilterChain]  # by name of the source
    near: NearDuplicates | None = None
    personal: PersonalData | None = None
    excluded: ExcludedTexts | None = None
    normalized: NormalizedRows = field(default_factory=NormalizedRows)  # counts what the normalizers change


def resolve_whitespace(section: CorpusSection, sources: Sources) -> bool:
    """Return whether white space is kept: by the recipe, or if auto, whether targets have layout."""
    if section.whitespace != "auto":
        return section.whitespace == "keep"
    if section.turns or section.format == "running":
        return False
    pairs = (pair for files in sources.train.rows for pair in read_pairs(files, section))
    first = [pair for pair in islice(pairs, _SAMPLE) if not isinstance(pair, Unreadable)]
    return sum(has_layout(pair.target) for pair in first) > _LAYOUT_SHARE * len(first)


class CheckedRows(NamedTuple):
    """Consecutive rows, with why each is rejected whatever the filters say; empty if it is not."""

    rows: list[NormalizedPair]
    defects: list[str]


def checked_rows(
    files: tuple[SourceFile, ...], given_for: str, section: CorpusSection, steps: PairSteps
) -> Iterator[CheckedRows]:
    """Yield every row of files of a split in order, with the drops of the filters and the sketches.

    Filters see training text alone: a user's own validation and test files are the measure, and stay as they are.
    """
    rows = rows_of_files(files, given_for, section, steps)
    while batch := list(islice(rows, _BATCH)):
        checked = CheckedRows(batch, [row.reject_reason(section) for row in batch])
        if given_for == "train":
            _add_drops(*checked, steps.chains[files[0].source_name])
        if steps.near:
            _add_sketches(*checked, steps.near)
        yield checked


def _add_drops(rows: list[NormalizedPair], defects: list[str], chain: FilterChain) -> None:
    """Give the rows that a filter drops the reason; those with a defect are rejected without."""
    if not chain.filters:
        return
    seen = [at for at, defect in enumerate(defects) if not defect]
    drops = chain.drops([TextPair(rows[at].source, rows[at].target) for at in seen])
    for at, drop in zip(seen, drops, strict=True):
        if drop:
            rows[at] = rows[at]._replace(drop=drop)


def _add_sketches(rows: list[NormalizedPair], defects: list[str], near: NearDuplicates) -> None:
    seen = [at for at, defect in enumerate(defects) if not defect and not rows[at].drop]
    for at, sketch in zip(seen, near.sketches([rows[at].source for at in seen]), strict=True):
        rows[at] = rows[at]._replace(sketch=sketch)


def rows_of_split(section: CorpusSection, sources: Sources, split: str, steps: PairSteps) -> Iterator[NormalizedPair]:
    """Yield every row of the files of a split in normal form, without personal data where it is replaced."""
    for files in getattr(sources, split).rows:
        yield from rows_of_files(files, split, section, steps)


def rows_of_files(
    files: tuple[SourceFile, ...], given_for: str, section: CorpusSection, steps: PairSteps
) -> Iterator[NormalizedPair]:
    """Yield every row of files that are read together, likewise."""
    replace = steps.personal.replace if steps.personal else lambda *texts: texts
    location, name = files[0].location, files[0].source_name
    for pair, source, target in _normalized(read_pairs(files, section), steps.normalizers):
        if isinstance(pair, Unreadable):
            text, problem = replace(unescaped(pair.text) if steps.personal else pair.text, pair.problem)
            raw = pair._replace(text=text, problem=problem)
            yield NormalizedPair(given_for, location, raw, source_name=name)
        else:
            shown = replace(source, target)
            forms = (source, target), shown
            if steps.excluded and _is_excluded(pair, forms, section, steps.excluded):
                yield NormalizedPair(given_for, location, RawPair("", "", pair.line, flaw=EXCLUDED), source_name=name)
                continue
            if (source, target) != (pair.source, pair.target):
                texts = {"source": pair.source, "target": pair.target}
                steps.normalized.note(steps.normalizers, texts, (location, pair.line), steps.personal is None)
            yield NormalizedPair(given_for, location, pair, shown[0], shown[1], name)


def _normalized(
    pairs: Iterator[RawPair | Unreadable], normalizers: TextNormalizers
) -> Iterator[tuple[RawPair | Unreadable, str, str]]:
    """Yield each pair with its sides in normal form, which are empty where it cannot be read."""
    while batch := list(islice(pairs, _BATCH)):
        texts = [("", "") if isinstance(pair, Unreadable) else pair[:2] for pair in batch]
        sides = zip(SIDES, zip(*texts, strict=True), strict=True)
        yield from zip(batch, *(normalizers.of_texts(of_side, side) for side, of_side in sides), strict=True)


def _is_excluded(
    pair: RawPair, forms: tuple[tuple[str, ...], ...], section: CorpusSection, excluded: ExcludedTexts
) -> bool:
    """Return whether a text of a pair is listed, as it was read or in one of its forms since."""
    read = normalize(pair.source), normalize(pair.target)
    return any(excluded.has(*_texts(source, target, section)) for source, target in (read, *forms))


def _texts(source: str, target: str, section: CorpusSection) -> Iterator[str]:
    """Yield the texts of a pair: its sides, and in a dialogue each turn."""
    yield from (source, target)
    if section.turns:
        yield from source.split(TURN)
