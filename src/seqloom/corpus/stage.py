"""The corpus stage: files in any supported format to clean, split Parquet."""

import json
import logging
from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from pathlib import Path

import pyarrow.dataset

from seqloom.corpus import SIDES, SPLITS
from seqloom.corpus.cleaner import Cleaner
from seqloom.corpus.corpus_files import REPORT_FILE, CorpusWriter, storable
from seqloom.corpus.corpus_statistics import CorpusStatistics
from seqloom.corpus.filter_memory import FilterMemory
from seqloom.corpus.filters.filter_chain import FilterChain
from seqloom.corpus.normalization import has_layout, normalize
from seqloom.corpus.normalized_pairs import NormalizedPair, PairSteps, normalized_pairs, pair_defect, resolve_whitespace
from seqloom.corpus.overlap import overlap_with_training
from seqloom.corpus.pairs import SplitGroup, Unreadable
from seqloom.corpus.personal_data import PersonalData
from seqloom.corpus.readers import read_pairs
from seqloom.corpus.running_text import is_blank
from seqloom.corpus.sources import Sources
from seqloom.corpus.splits import ContiguousSplits, Shares
from seqloom.errors import UserError, showable
from seqloom.progress import Progress
from seqloom.recipe.schema import CorpusSection

_REPORT_EVERY = 10_000  # rows
_EXAMPLE = 200  # characters of a text in the facts

FOLDED = (
    "in {rows:,} of the targets line breaks, tabs or spaces that do not break become single spaces, which a model will "
    "write in their place: set it to keep, or to fold if that is meant"
)

logger = logging.getLogger(__name__)


def build_corpus(section: CorpusSection, sources: Sources, folder: Path, progress: Progress) -> dict[str, object]:
    """Read, clean and split the corpus into Parquet files in `folder`, and return the facts of report.json.

    Memory grows by about a hundred bytes per pair, for the detection of duplicates.

    Raises:
        UserError: a file violates its format, more rows than `max_reject_share` allows cannot be read, or
            a split ends up empty.
    """
    running = section.format == "running"
    shares = _contiguous_splits(section, sources) if running else Shares.of(section, sources)
    memory = FilterMemory.of(section)
    cleaner = Cleaner(memory)
    statistics, read, folded_targets = CorpusStatistics.of(section), 0, 0
    keep, personal = resolve_whitespace(section, sources), PersonalData.of(section)
    steps = PairSteps(keep, FilterChain.by_source(section), memory.near if memory else None, personal)
    with CorpusWriter(folder, bool(section.sources)) as writer:
        for row in normalized_pairs(section, sources, steps):
            given_for, origin, pair, source, target, source_name, drop, sketch = row
            counts = statistics.count_read(given_for, origin, pair.line, source_name)
            read += 1
            if read % _REPORT_EVERY == 0:
                progress(read, None, "rows", origin)
            if isinstance(pair, Unreadable):
                counts.note(pair)
                _reject_unreadable(row, pair, writer, statistics)
                continue
            folded = (normalize(source), normalize(target)) if keep else (source, target)
            group = pair.group or SplitGroup(folded[0], frozenset())
            reason = pair_defect(row, section) or (drop.filter if drop else "")
            if not reason and not running:  # what is rejected so far holds nothing out and makes nothing a duplicate
                reason = cleaner.rejection_reason(*folded, given_for, group, pair.dedup_key, sketch)
            if reason:
                problem = showable(drop.problem) if drop and reason == drop.filter else ""
                writer.reject(reason, source, target, origin, pair.line, problem)
                statistics.reject(given_for, reason, source, target, origin, pair.line, problem, source_name)
            else:
                for split in shares.splits_of(group.opening, given_for):
                    writer.keep(split, source, target, origin, pair.line, source_name)
                    statistics.keep(split, source, target, source_name)
                    folded_targets += not keep and has_layout(pair.target)
    progress(read, read, "rows")
    statistics.check_reject_share(section.max_reject_share)
    _check_every_split(section, sources, statistics)
    overlap = {} if section.overfit else {"also_in_training": overlap_with_training(folder)}
    if folded_targets and section.whitespace == "auto":
        logger.warning("corpus.whitespace: %s", FOLDED.format(rows=folded_targets))
    layout = {"whitespace": "keep" if keep else "fold", "folded_targets": folded_targets}
    replaced = {"replaced": dict(sorted(personal.counts.items()))} if personal else {}
    facts = {"overfit": section.overfit, **layout, **replaced, **_facts(statistics, folder), **overlap}
    (folder / REPORT_FILE).write_text(json.dumps(facts, indent=2, ensure_ascii=False), encoding="utf-8")
    return facts


def _reject_unreadable(
    row: NormalizedPair, raw: Unreadable, writer: CorpusWriter, statistics: CorpusStatistics
) -> None:
    text, problem = storable(raw.text), showable(raw.problem)
    writer.reject(raw.reason, text, "", raw.location, raw.line, problem)
    statistics.reject(row.given_for, raw.reason, text, "", raw.location, raw.line, problem, row.source_name)


def _contiguous_splits(section: CorpusSection, sources: Sources) -> ContiguousSplits:
    """Count the passages of running text, which is read twice, and return where it is cut into splits."""
    pairs = (pair for files in sources.train.rows for pair in read_pairs(files, section))
    passages = sum(not isinstance(pair, Unreadable) and not is_blank(normalize(pair.source)) for pair in pairs)
    return ContiguousSplits(passages, Shares.of(section, sources))


def _check_every_split(section: CorpusSection, sources: Sources, statistics: CorpusStatistics) -> None:
    for split in ("test", "validation", "train"):
        if not statistics.rows[split]:
            raise UserError(_empty_split_sentence(split, section, sources, statistics))


def _empty_split_sentence(split: str, section: CorpusSection, sources: Sources, statistics: CorpusStatistics) -> str:
    given_for = split if getattr(sources, split).rows else "train"
    first, *others = getattr(sources, given_for).rows
    files = "+".join(file.location for file in first) + (f" and {len(others)} more" if others else "")
    if not statistics.read[given_for]:
        return f"corpus.{given_for}: no row of text in {files}; fill it, or name another"
    reasons = [f"{count} {reason}" for (of, reason), count in statistics.rejected.items() if of == given_for]
    counts = f"of {statistics.read[given_for]} rows read from {files} ({', '.join(reasons) or 'none rejected'})"
    if given_for == split:
        return f"corpus.{split}: {counts} none is left for {split}; give more text, or correct what is rejected"
    share = f"corpus.{split}_share"
    return (
        f"{share}: {counts} none is left for {split}, as a share of {getattr(section, f'{split}_share')} is split off; "
        f"give files in corpus.{split}, raise {share}, or give more text"
    )


def _facts(statistics: CorpusStatistics, folder: Path) -> dict[str, object]:
    rejected: Counter[str] = Counter()
    for (_, reason), count in statistics.rejected.items():
        rejected[reason] += count
    return {
        "rows": {split: statistics.rows[split] for split in SPLITS},
        "rejected": dict(sorted(rejected.items())),
        "rejects": dict(sorted(statistics.rejects.items())),
        "read": statistics.read.total(),
        "unreadable": statistics.unreadable,
        **(
            {"sources": {name: each.as_json() for name, each in statistics.sources.items()}}
            if statistics.sources
            else {}
        ),
        "characters": {split: {side: _mean(statistics.lengths[split, side]) for side in SIDES} for split in SPLITS},
        "alphabet": statistics.alphabet.facts,
        "lengths": {side: _quantiles(statistics.lengths["train", side]) for side in SIDES},
        "examples": _examples(folder / "train.parquet", statistics.rows["train"]),
    }


def _mean(lengths: Counter[int]) -> float:
    return round(sum(length * rows for length, rows in lengths.items()) / lengths.total(), 1)


def _quantiles(lengths: Counter[int]) -> dict[str, int]:
    """Return the 50th, 95th and 100th percentile of lengths in characters."""
    ordered = sorted(lengths)
    reached = list(accumulate(lengths[length] for length in ordered))
    return {str(share): ordered[bisect_left(reached, share / 100 * reached[-1])] for share in (50, 95, 100)}


def _examples(path: Path, rows: int) -> list[dict[str, str]]:
    """Read three pairs from within the file, as corpora often begin with their shortest."""
    picked = sorted({rows // 4, rows // 2, 3 * rows // 4})
    table = pyarrow.dataset.dataset(path).take(picked, columns=["source", "target"])
    return [{side: text[:_EXAMPLE] for side, text in pair.items()} for pair in table.to_pylist()]
