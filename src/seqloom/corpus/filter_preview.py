"""Preview of a recipe's filters: the drops among the first rows of training text, filter by filter."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from seqloom.corpus.alignment_sample import alignment_of_rows
from seqloom.corpus.deduplication import DUPLICATE
from seqloom.corpus.duplicate_filters import OF_DUPLICATES, SideLimit, limits_of
from seqloom.corpus.excluded_texts import ExcludedTexts
from seqloom.corpus.filters.filter_chain import build_filter
from seqloom.corpus.filters.pair_filter import TextPair
from seqloom.corpus.near_duplicates import NearDuplicates
from seqloom.corpus.normalization import normalize
from seqloom.corpus.normalized_pairs import NormalizedPair, PairSteps, resolve_whitespace, rows_of_split
from seqloom.corpus.pairs import RawPair, Unreadable
from seqloom.corpus.personal_data import PersonalData
from seqloom.corpus.sources import Sources
from seqloom.corpus.text_normalizers import NormalizedRows, TextNormalizers
from seqloom.corpus.word_alignment import WordAlignment
from seqloom.errors import showable
from seqloom.recipe.filter_expressions import FilterExpression, parse_filters
from seqloom.recipe.schema import CorpusSection
from seqloom.recipe.sections.source_section import section_of_source, source_names

_EXAMPLE = 200  # characters of a text
_EXAMPLES = 3  # of each filter
_BATCH = 1000  # texts sketched at once


@dataclass(frozen=True)
class FilterOutcome:
    """Drops of one filter in the sample, with examples."""

    name: str  # as the recipe writes it, or the reason of a reject without a filter
    before: int  # pairs that came to it
    dropped: int
    alone: int  # pairs that it would drop if it were the only filter
    examples: list[dict[str, object]] = field(default_factory=list)  # from the first to the last


@dataclass(frozen=True)
class FilterPreview:
    """The sample, before and after."""

    read: int
    outcomes: list[FilterOutcome]
    normalized: NormalizedRows

    @property
    def kept(self) -> int:
        """Return the number of pairs that every filter keeps."""
        return self.read - sum(outcome.dropped for outcome in self.outcomes)


def preview_filters(section: CorpusSection, sources: Sources, rows: int) -> FilterPreview:
    """Try the filters of a recipe on the first `rows` rows of its training files; held-out files are not read.

    Raises:
        UserError: a file violates its format, or a word list cannot be read.
    """
    normalizers = TextNormalizers(section.normalizers, resolve_whitespace(section, sources))
    steps = PairSteps(normalizers, {}, personal=PersonalData.of(section), excluded=ExcludedTexts.of(section))
    sample = list(islice(rows_of_split(section, sources, "train", steps), rows))
    reasons = [row.reject_reason(section) for row in sample]
    outcomes = list(_rejected(sample, reasons))
    whole = [row for row, reason in zip(sample, reasons, strict=True) if not reason]
    left = whole
    for name, problems in _checks(section, alignment_of_rows(section, whole)):
        found = problems(left)
        dropped = [(row, problem) for row, problem in zip(left, found, strict=True) if problem]
        alone = sum(map(bool, problems(whole)))
        outcomes.append(FilterOutcome(name, len(left), len(dropped), alone, _examples(dropped)))
        left = [row for row, problem in zip(left, found, strict=True) if not problem]
    return FilterPreview(len(sample), outcomes, steps.normalized)


class _Check:
    """A filter, applied to rows from the beginning at each call."""

    def __init__(self, expression: FilterExpression, section: CorpusSection, alignment: WordAlignment | None) -> None:
        self._expression = expression
        self._filters = {
            name: build_filter(expression, section_of_source(section, name), alignment)
            for name in source_names(section)
            if expression.name not in OF_DUPLICATES
        }

    def __call__(self, rows: Sequence[NormalizedPair]) -> list[str]:
        """Return for each row why it is dropped; empty if it is kept."""
        if self._filters:
            return self._problems(rows)
        if self._expression.name == "near_duplicates":
            return _like_earlier(_near_duplicates([row.source for row in rows], self._expression.number))
        return _like_earlier(_above_limits(rows, list(limits_of(self._expression))))

    def _problems(self, rows: Sequence[NormalizedPair]) -> list[str]:
        found = [""] * len(rows)
        for name, each in self._filters.items():
            seen = [at for at, row in enumerate(rows) if row.source_name == name]
            problems = each.problems([TextPair(rows[at].source, rows[at].target) for at in seen])
            for at, problem in zip(seen, problems, strict=True):
                found[at] = problem
        return found


def _like_earlier(found: Iterable[bool]) -> list[str]:
    return ["like an earlier one" if like else "" for like in found]


def _repeated(values: Iterable[object]) -> Iterator[bool]:
    """Yield for each value whether an earlier one equals it."""
    seen: set[object] = set()
    for value in values:
        yield value in seen
        seen.add(value)


def _above_limits(rows: Iterable[NormalizedPair], limits: Sequence[SideLimit]) -> Iterator[bool]:
    """Yield for each row whether as many kept before as may be have the same text on a side."""
    kept: Counter[tuple[SideLimit, str]] = Counter()
    for row in rows:
        keys = [(limit, limit.compared(normalize(getattr(row, limit.side)))) for limit in limits]
        above = any(kept[key] >= key[0].most for key in keys)
        yield above
        if not above:
            kept.update(keys)


def _near_duplicates(texts: Sequence[str], similarity: float) -> Iterator[bool]:
    """Yield for each text whether one that was kept before is too similar."""
    near = NearDuplicates(similarity)
    for at in range(0, len(texts), _BATCH):
        for sketch in near.sketches(texts[at : at + _BATCH]):
            too_similar = near.is_too_similar(sketch)
            yield too_similar
            if not too_similar:
                near.add(sketch)


def _checks(section: CorpusSection, alignment: WordAlignment | None) -> "Iterator[tuple[str, _Check | _Duplicates]]":
    """Yield the filters in the order of the stage: those that look at one pair, exact duplicates, and the others."""
    filters = parse_filters(section.filters)
    for each in filters:
        if each.name not in OF_DUPLICATES:
            yield str(each), _Check(each, section, alignment)
    yield DUPLICATE, _Duplicates()
    for each in filters:
        if each.name in OF_DUPLICATES:
            yield str(each), _Check(each, section, alignment)


class _Duplicates:
    """Pairs that come again."""

    def __call__(self, rows: Sequence[NormalizedPair]) -> list[str]:
        """Return a problem for each row that an earlier one equals."""
        return _like_earlier(_repeated(map(_identity, rows)))


def _identity(row: NormalizedPair) -> object:
    assert isinstance(row.raw, RawPair)
    return row.raw.dedup_key or (normalize(row.source), normalize(row.target))


def _rejected(rows: Sequence[NormalizedPair], reasons: Sequence[str]) -> Iterator[FilterOutcome]:
    """Yield what is rejected whatever the filters."""
    before = len(rows)
    for reason, count in Counter(filter(None, reasons)).most_common():
        dropped = [(row, "") for row, other in zip(rows, reasons, strict=True) if other == reason]
        yield FilterOutcome(reason, before, count, count, _examples(dropped))
        before -= count


def _examples(dropped: Sequence[tuple[NormalizedPair, str]]) -> list[dict[str, object]]:
    """Return the first, the middle and the last of what was dropped."""
    last = len(dropped) - 1
    picked = sorted({last * part // max(1, _EXAMPLES - 1) for part in range(_EXAMPLES)}) if dropped else []
    return [_example(*dropped[at]) for at in picked]


def _example(row: NormalizedPair, problem: str) -> dict[str, object]:
    if isinstance(row.raw, Unreadable):
        source, target, problem = showable(row.raw.text), "", row.raw.problem
    else:
        source, target = row.source, row.target
    texts = {"source": source[:_EXAMPLE], "target": target[:_EXAMPLE], "problem": showable(problem)}
    return {"file": row.origin, "line": row.raw.line, **texts}
