"""The corpus stage: files in any supported format to clean, split Parquet."""

import json
import logging
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate, chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from seqloom.artifact.digest import digest_of_value
from seqloom.corpus import SIDES, SPLITS
from seqloom.corpus.alignment_sample import corpus_alignment
from seqloom.corpus.canaries import plant
from seqloom.corpus.context_files import write_contexts
from seqloom.corpus.corpus_files import REPORT_FILE, SOURCE_DIGEST, CorpusWriter
from seqloom.corpus.corpus_segment import PARQUET_FILES, Segment, segment_writer
from seqloom.corpus.corpus_statistics import CorpusStatistics
from seqloom.corpus.deduplication import Verdicts
from seqloom.corpus.duplicate_filters import DuplicateFilters
from seqloom.corpus.feature_files import write_features
from seqloom.corpus.kept_shards import KeptShards, segment_folders
from seqloom.corpus.normalized_pairs import resolve_whitespace
from seqloom.corpus.overlap import Overlap
from seqloom.corpus.parquet_footer import RowGroupFile
from seqloom.corpus.part_files import Part
from seqloom.corpus.rejects import check_reject_share
from seqloom.corpus.shard_reader import ShardRows
from seqloom.corpus.shard_scheduler import is_large, run_tasks
from seqloom.corpus.shard_task import ShardTask
from seqloom.corpus.shards import Shard, plan_shards
from seqloom.corpus.shared_keys import SharedKeys
from seqloom.corpus.similar_groups import SimilarGroups
from seqloom.corpus.source_shares import SourceShares
from seqloom.corpus.sources import Sources
from seqloom.corpus.splits import ContiguousSplits, Shares
from seqloom.corpus.text_normalizers import NormalizedRows
from seqloom.errors import UserError
from seqloom.progress import Progress
from seqloom.recipe.schema import CorpusSection

_EXAMPLE = 200  # characters of a text in the facts

FOLDED = (
    "in {rows:,} of the targets line breaks, tabs or spaces that do not break become single spaces, which a model will "
    "write in their place: set it to keep, or to fold if that is meant"
)

logger = logging.getLogger(__name__)


def build_corpus(
    section: CorpusSection, sources: Sources, folder: Path, progress: Progress, artifacts: Path | None = None
) -> dict[str, object]:
    """Read, clean and split the corpus into Parquet files in `folder`, and return the facts of report.json.

    Memory does not grow with the corpus: rows and their keys are on the disk, below `folder`, until all are compared.
    Shards of a large corpus are kept in `artifacts`, the folder of all stages, for the day when the corpus has grown.

    Raises:
        UserError: a file violates its format, more rows than `max_reject_share` allows cannot be read, or
            a split ends up empty.
    """
    keep = resolve_whitespace(section, sources)
    with TemporaryDirectory(dir=folder, prefix=".parts-") as name:
        scratch = Path(name)
        tasks = _read_shards(section, sources, keep, (scratch, artifacts), progress)
        shards = [(task.shard, task.result()) for task in tasks]
        statistics = _counts_of(section, shards)
        check_reject_share(statistics.files, section.max_reject_share)
        segments = _segments(section, sources, tasks, scratch, artifacts)
        _write_segments(section, sources, segments, scratch, progress)
        planted = _planted(section, keep, statistics, scratch)
        shared = _join_segments(segments, planted, statistics, folder, scratch)
        _check_every_split(section, sources, statistics)
        overlap = {} if section.overfit else {"also_in_training": shared.with_training()}
        context = write_contexts(section, folder, progress)
        features = write_features(section, sources, folder, progress)
    if statistics.folded_targets and section.whitespace == "auto":
        logger.warning("corpus.whitespace: %s", FOLDED.format(rows=statistics.folded_targets))
    layout = {"whitespace": "keep" if keep else "fold", "folded_targets": statistics.folded_targets}
    replaced = sum((Counter(rows.replaced) for _, rows in shards), Counter[str]())
    personal = {"replaced": dict(sorted(replaced.items()))} if section.privacy == "replace" else {}
    guessed = {"encodings": sources.encodings} if section.encoding == "auto" else {}
    changed = {"normalized": _normalized(shards)}
    found = _facts(statistics, folder)
    facts = {
        SOURCE_DIGEST: digest_of_value(sources.digests),
        "overfit": section.overfit,
        **layout,
        **changed,
        **personal,
        **guessed,
        **found,
        **overlap,
        **context,
        **features,
    }
    (folder / REPORT_FILE).write_text(json.dumps(facts, indent=2, ensure_ascii=False), encoding="utf-8")
    return facts


def _read_shards(
    section: CorpusSection, sources: Sources, keep: bool, folders: tuple[Path, Path | None], progress: Progress
) -> list[ShardTask]:
    """Read every shard, wherever the recipe says, and return the tasks, in order."""
    read = 0

    def told(rows: int, origin: str) -> None:
        nonlocal read
        read += rows
        progress(read, None, "rows", origin)

    shards = plan_shards(section, sources)
    alignment = _alignment_file(section, sources, keep, folders[0])
    tasks = [
        ShardTask(shard, section, keep, folder, alignment, folder.parent != folders[0])
        for shard, folder in zip(shards, _folders(section, shards, keep, *folders, alignment), strict=True)
    ]
    run_tasks(tasks, section.scheduler, told)
    return tasks


def _alignment_file(section: CorpusSection, sources: Sources, keep: bool, scratch: Path) -> Path | None:
    """Write the word alignment of the corpus to a file, if a filter needs it, for the processes that read shards."""
    model = corpus_alignment(section, sources, keep)
    if model is None:
        return None
    model.save(file := scratch / "alignment.safetensors")
    return file


def _folders(
    section: CorpusSection,
    shards: list[Shard],
    keep: bool,
    scratch: Path,
    artifacts: Path | None,
    alignment: Path | None,
) -> list[Path]:
    """Return the folder of each shard: a kept one if the corpus is large, else one for now."""
    if artifacts and is_large(shards):
        return list(map(KeptShards(artifacts, section, keep, alignment).folder, shards))
    return [scratch / f"{number:06}" for number in range(len(shards))]


def _normalized(shards: list[tuple[Shard, ShardRows]]) -> dict[str, Any]:
    """Return the rows that each normalizer changed, with the first as examples."""
    whole = NormalizedRows()
    for _, rows in shards:
        whole.add(rows.normalized)
    return whole.as_json()


def _counts_of(section: CorpusSection, shards: list[tuple[Shard, ShardRows]]) -> CorpusStatistics:
    statistics = CorpusStatistics.of(section)
    for shard, rows in shards:
        for file in rows.files:
            statistics.count_read(shard.given_for, file.origin, file.rows, file.counts, shard.source_name)
    return statistics


def _segments(
    section: CorpusSection, sources: Sources, tasks: list[ShardTask], scratch: Path, artifacts: Path | None
) -> list[Segment]:
    """Return the segments of a corpus: one of each shard if it is large, kept if the shards are, else one of all."""
    parts = [task.result().parts for task in tasks]
    if not is_large([task.shard for task in tasks]):
        return [Segment(scratch / "segment", list(chain.from_iterable(parts)))]
    folders = [scratch / f"segment-{number:06}" for number in range(len(tasks))]
    if artifacts and section.format != "running" and section.split_by != "similar":  # else later rows change earlier
        of_source, of_all = Shares.by_source(section, sources), Shares.of(section, sources)
        shares = (of_source.get(task.shard.source_name, of_all) for task in tasks)
        folders = segment_folders(artifacts, list(zip((task.folder for task in tasks), shares, strict=True)))
    return [Segment(*each, each[0].parent != scratch) for each in zip(folders, parts, strict=True)]


def _write_segments(
    section: CorpusSection, sources: Sources, segments: list[Segment], scratch: Path, progress: Progress
) -> None:
    """Write the segments from the first on that is not there."""
    settled = next((number for number, each in enumerate(segments) if not each.is_whole), len(segments))
    parts = [part for segment in segments for part in segment.parts]
    groups = SimilarGroups(parts, scratch) if section.split_by == "similar" else None
    splits = _splits(section, sources, parts, scratch, groups)
    judged = _judged(section, segments, settled, scratch)
    written, rows = 0, sum(part.rows for part in parts)
    for segment in segments[settled:]:
        with segment_writer(segment, section, splits, groups) as writer:
            found = islice(judged, len(segment.parts))
            for part, (of, reasons, verdicts) in zip(segment.parts, found, strict=True):
                assert of is part
                writer.add(part, reasons, verdicts)
                written += part.rows
                progress(written, rows, "rows")


def _judged(
    section: CorpusSection, segments: list[Segment], settled: int, scratch: Path
) -> Iterator[tuple[Part, tuple[str, ...], NDArray[np.uint8]]]:
    """Yield each part that is not settled with reasons to reject, and the index of its reason for each candidate."""
    parts = [part for segment in segments for part in segment.parts]
    if section.format == "running":  # nothing is compared, as text would no longer go on from itself
        yield from ((part, ("",), np.zeros(part.rows, np.uint8)) for part in parts)
        return
    filters, before = DuplicateFilters.of(section), segments[:settled]
    shared = SharedKeys(parts, len(filters.limits), scratch, sum(len(segment.parts) for segment in before))
    verdicts = Verdicts(filters, shared)
    known = chain.from_iterable(segment.verdicts() for segment in before)
    yield from ((part, verdicts.reasons, found) for part, found in verdicts.of_parts(known))


def _planted(section: CorpusSection, keep: bool, statistics: CorpusStatistics, scratch: Path) -> Path:
    """Write and count the canaries, which precede all segments, and return the folder of their files."""
    (folder := scratch / "planted").mkdir()
    with CorpusWriter(folder, bool(section.sources)) as writer:
        plant(section, keep, writer, statistics)
    return folder


def _join_segments(
    segments: list[Segment], planted: Path, statistics: CorpusStatistics, folder: Path, scratch: Path
) -> Overlap:
    """Write the files of the corpus, add the counts, and return the keys that splits may share."""
    overlap = Overlap(sum(part.rows for segment in segments for part in segment.parts), scratch)
    files = {name: RowGroupFile(folder / name) for name in PARQUET_FILES}
    for name, file in files.items():
        file.append(planted / name)
    for segment in segments:
        statistics.add_json(segment.index()["counts"])
        for name, file in files.items():
            file.append(segment.folder / name)
        for split in SPLITS:
            overlap.add(split, segment.folded(split))
    for file in files.values():
        file.close()
    return overlap


def _splits(
    section: CorpusSection, sources: Sources, parts: list[Part], scratch: Path, groups: SimilarGroups | None
) -> SourceShares | ContiguousSplits:
    if section.format != "running":
        shares = Shares.by_source(section, sources)
        return SourceShares(shares, parts, scratch, groups.openings_of if groups else None)
    passages = sum(part.read("reason")["reason"].null_count for part in parts if part.given_for == "train")
    return ContiguousSplits(passages, Shares.of(section, sources))


def _check_every_split(section: CorpusSection, sources: Sources, statistics: CorpusStatistics) -> None:
    for split in ("train",) if section.overfit else ("test", "validation", "train"):  # all have the rows of train
        planted = section.canaries if split == "train" else 0
        if statistics.rows[split] <= planted:
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
    share, own = f"{split}_share", {each.name: getattr(each, f"{split}_share") for each in section.sources}
    of_sources = "".join(f", of source {name} {of}" for name, of in own.items() if of >= 0)
    or_own = " or that of a source" if of_sources else ""
    return (
        f"corpus.{share}: {counts} none is left for {split}, as a share of {getattr(section, share)} is split off"
        f"{of_sources}; give files in corpus.{split}, raise corpus.{share}{or_own}, or give more text"
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
    with pq.ParquetFile(path) as file:
        pairs = [_pair_at(file, row) for row in picked]
    return [{side: text[:_EXAMPLE] for side, text in pair.items()} for pair in pairs]


def _pair_at(file: pq.ParquetFile, row: int) -> dict[str, str]:
    for group in range(file.num_row_groups):
        size = file.metadata.row_group(group).num_rows
        if row < size:
            break
        row -= size
    pair: dict[str, str] = file.read_row_group(group, columns=list(SIDES)).slice(row, 1).to_pylist()[0]
    return pair
