"""Statistics of a corpus while it is built: rows, rejects, lengths and characters."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from seqloom.corpus import SIDES, SPLITS
from seqloom.corpus.rejects import RowCounts
from seqloom.recipe.schema import CorpusSection
from seqloom.recipe.sections.source_section import source_names

RARE = 1  # occurrences: a character that occurs no more often is noise
_EXAMPLE = 200  # characters of a text in the facts
_TEXTS = 10_000  # texts whose characters are in memory at once
_SYLLABLES = ("가", "힣")  # the first and the last of Hangul
_ENCODED = 5  # files of an encoding that are named


class CharacterCounts:
    """Character counts of both sides; memory grows with the script, not with the text."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[str]] = {"source": Counter(), "target": Counter()}

    def add(self, side: str, texts: pa.ChunkedArray) -> None:
        """Count the characters of texts."""
        for begin in range(0, len(texts), _TEXTS):
            joined = "".join(texts.slice(begin, _TEXTS).to_pylist())
            found = np.bincount(np.frombuffer(joined.encode("utf-32-le"), np.uint32))
            points = np.flatnonzero(found)
            self.counts[side].update(dict(zip(map(chr, points.tolist()), found[points].tolist(), strict=True)))

    @property
    def facts(self) -> dict[str, object]:
        """Distinct characters and shares of spaces and Hangul by side, and of target characters in sources."""
        source, target = self.counts["source"], self.counts["target"]
        known = {character for character, count in source.items() if count > RARE}
        common = sum(count for character, count in target.items() if character in known)
        return {
            "common": round(common / max(1, target.total()), 4),
            **{
                side: {
                    "distinct": sum(count > RARE for count in counts.values()),
                    "spaces": round(counts[" "] / max(1, counts.total()), 4),
                    "hangul": round(_syllables(counts) / max(1, counts.total()), 4),
                }
                for side, counts in self.counts.items()
            },
        }


def _syllables(counts: Counter[str]) -> int:
    first, last = _SYLLABLES
    return sum(count for character, count in counts.items() if first <= character <= last)


@dataclass
class SourceCounts:
    """Counts of the rows of one source."""

    read: int = 0
    rows: Counter[str] = field(default_factory=Counter)  # kept, by split
    rejected: Counter[str] = field(default_factory=Counter)  # by reason

    def as_json(self) -> dict[str, object]:
        """Return the counts for the facts of the stage."""
        rows = {split: self.rows[split] for split in SPLITS}
        return {"read": self.read, "rows": rows, "rejected": dict(sorted(self.rejected.items()))}


@dataclass
class CorpusStatistics:
    """Statistics of a corpus by split."""

    read: Counter[str] = field(default_factory=Counter)  # by split of the files
    rows: Counter[str] = field(default_factory=Counter)  # by split
    rejected: Counter[tuple[str, str]] = field(default_factory=Counter)  # by split of the files, and reason
    rejects: dict[str, dict[str, object]] = field(default_factory=dict)  # the first of each reason
    lengths: dict[tuple[str, str], Counter[int]] = field(
        default_factory=lambda: defaultdict(Counter)
    )  # rows of each, by split and side
    alphabet: CharacterCounts = field(default_factory=CharacterCounts)  # of the training split
    files: dict[tuple[str, str], RowCounts] = field(default_factory=dict)  # by split of the files, and location
    sources: dict[str, SourceCounts] = field(default_factory=dict)  # by name, where the recipe has several
    folded_targets: int = 0  # kept ones, whose white space was folded

    @classmethod
    def of(cls, section: CorpusSection) -> Self:
        """Begin the statistics of a recipe's corpus."""
        sources = {name: SourceCounts() for name in source_names(section) if name}
        return cls(sources=sources)

    def count_read(self, given_for: str, origin: str, rows: int, counts: RowCounts, source_name: str = "") -> None:
        """Count what was read of a file: so many rows, and the counts that limit the unreadable ones."""
        self.read[given_for] += rows
        if source_name:
            self.sources[source_name].read += rows
        self.files.setdefault((given_for, origin), RowCounts()).add(counts)

    def keep(self, split: str, pairs: pa.Table, source_name: str = "") -> None:
        """Count kept pairs of one source."""
        self.rows[split] += len(pairs)
        if source_name:
            self.sources[source_name].rows[split] += len(pairs)
        for side in SIDES:
            if split == "train":
                self.alphabet.add(side, pairs[side])
            found = np.bincount(pc.utf8_length(pairs[side]).to_numpy(), minlength=1)
            counted = np.flatnonzero(found)
            self.lengths[split, side].update(dict(zip(counted.tolist(), found[counted].tolist(), strict=True)))

    def reject(self, given_for: str, rows: pa.Table, source_name: str = "") -> None:
        """Count rejected rows of one source."""
        for place, reason in enumerate(rows["reason"].to_pylist()):
            self.rejected[given_for, reason] += 1
            if source_name:
                self.sources[source_name].rejected[reason] += 1
            if reason not in self.rejects:
                self.rejects[reason] = _shown(rows.slice(place, 1).to_pylist()[0])

    def as_json(self) -> dict[str, Any]:
        """Return the counts of kept and rejected rows."""
        return {
            "rows": self.rows,
            "rejected": [[*key, count] for key, count in self.rejected.items()],
            "rejects": self.rejects,
            "lengths": [[*key, list(counts.items())] for key, counts in self.lengths.items()],
            "alphabet": self.alphabet.counts,
            "sources": {name: [each.rows, each.rejected] for name, each in self.sources.items()},
            "folded_targets": self.folded_targets,
        }

    def add_json(self, values: Mapping[str, Any]) -> None:
        """Add the counts that `as_json` returned for the rows that follow."""
        self.rows.update(values["rows"])
        for given_for, reason, count in values["rejected"]:
            self.rejected[given_for, reason] += count
        self.rejects = {**values["rejects"], **self.rejects}
        for split, side, counts in values["lengths"]:
            self.lengths[split, side].update(dict(counts))
        for side, characters in values["alphabet"].items():
            self.alphabet.counts[side].update(characters)
        for name, (rows, rejected) in values["sources"].items():
            self.sources[name].rows.update(rows)
            self.sources[name].rejected.update(rejected)
        self.folded_targets += values["folded_targets"]

    @property
    def unreadable(self) -> int:
        """Number of unreadable rows."""
        return sum(file.unreadable.total() for file in self.files.values())


def _shown(row: dict[str, Any]) -> dict[str, object]:
    """Return a rejected row as an example."""
    texts = {side: row[side][:_EXAMPLE] for side in SIDES}
    return {**texts, "file": row["origin"], "line": row["line"]} | (
        {"problem": row["problem"]} if row["problem"] else {}
    )


def encodings_in_words(encodings: Mapping[str, str]) -> str:
    """Return which files have which encoding, the most common first."""
    files: dict[str, list[str]] = {}
    for location, encoding in encodings.items():
        files.setdefault(encoding, []).append(location)
    return "; ".join(
        f"{encoding} of {', '.join(places[:_ENCODED])}"
        + (f" and {len(places) - _ENCODED:,} more" if len(places) > _ENCODED else "")
        for encoding, places in sorted(files.items(), key=lambda pair: -len(pair[1]))
    )
