"""Verdicts as one process with everything in memory would find them: what the stage has to equal."""

from collections import Counter
from collections.abc import Iterable

from seqloom.corpus.duplicate_filters import DuplicateFilters
from seqloom.corpus.near_duplicates import NearDuplicates
from seqloom.corpus.normalization import normalize
from seqloom.corpus.pairs import RawPair, SplitGroup

Row = tuple[str, RawPair]
"""Split of the files, and the pair."""


class PlainVerdicts:
    """Remembers all that was kept."""

    def __init__(self, filters: DuplicateFilters) -> None:
        self.filters = filters
        self.known: list[Counter[str]] = [Counter() for _ in filters.limits]
        self.near = NearDuplicates(filters.similarity) if filters.near else None
        self.pairs: set[str] = set()
        self.openings: dict[str, set[str]] = {"test": set(), "validation": set()}
        self.exchanges: dict[str, set[str]] = {"test": set(), "validation": set()}

    def reasons(self, rows: Iterable[Row]) -> list[str]:
        return [self.reason(split, pair) for split, pair in rows]

    def reason(self, split: str, raw: RawPair) -> str:
        texts = {"source": normalize(raw.source), "target": normalize(raw.target)}
        if raw.flaw or not texts["source"]:
            return raw.flaw or "empty source"
        if not texts["target"]:
            return "empty target"
        group = raw.group or SplitGroup(texts["source"], frozenset())
        for held in ("test", "validation"):
            shared = len(group.dedup_keys & self.exchanges[held])
            if held != split and (group.opening in self.openings[held] or shared > 0.25 * len(group.dedup_keys)):
                return f"also in {held}"
        pair = raw.dedup_key or "\n".join(texts.values())
        if pair in self.pairs:
            return "duplicate"
        sketch = self.near.sketches([texts["source"]])[0] if self.near else None
        if split == "train":
            keys = [limit.compared(texts[limit.side]) for limit in self.filters.limits]
            for limit, known, key in zip(self.filters.limits, self.known, keys, strict=True):
                if known[key] >= limit.most:
                    return limit.filter
            if self.near and sketch and self.near.is_too_similar(sketch):
                return self.filters.near
            for known, key in zip(self.known, keys, strict=True):
                known[key] += 1
        if self.near and sketch:
            self.near.add(sketch)
        self.pairs.add(pair)
        if split != "train":
            self.openings[split].add(group.opening)
            self.exchanges[split].update([raw.dedup_key] if raw.dedup_key else [])
        return ""
