"""Sharded, resumable batch inference: a run skips the shards that an earlier one has written."""

import csv
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from filelock import FileLock

from seqloom.artifact.digest import digest_of_file, digest_of_folder, digest_of_value
from seqloom.artifact.fsync import sync
from seqloom.artifact.full_disk import full_disk_reported
from seqloom.artifact.permissions import hand_over, output_folder
from seqloom.batch_inference.generation_workers import GenerationWorkers, Shard
from seqloom.batch_inference.input_table import FAILURE, PREDICTION, InputTable, Rows
from seqloom.batch_inference.replies import Reply, replies_to
from seqloom.batch_inference.unsure_rows import UNSURE, list_unsure
from seqloom.decoding.answers import TRUNCATED, ColumnType
from seqloom.decoding.generator import Generator
from seqloom.errors import UserError
from seqloom.progress import Progress
from seqloom.recipe.recipe_json import read_recipe

MANIFEST, FAILURES = "_manifest.json", "_failures.csv"  # Parquet readers skip names with _
SHOWN = 200  # characters of a text in the list of failures

Failure = dict[str, str | int]  # row, from 1; reason; text


@dataclass(frozen=True)
class BatchInference:
    """Everything that determines the output."""

    model: str  # as the user named it, and its backend
    checkpoint: Path
    input: InputTable
    shard_rows: int
    max_characters: int  # of a text; longer ones are failures
    options: Mapping[str, Any] = field(default_factory=dict)  # of decoding, where they differ from the recipe's
    others: Sequence[Path] = ()  # checkpoints that answer together with it
    memory: Path | None = None  # a translation memory that answers first, in place of the version's own
    rules: Path | None = None  # and rules, likewise

    def key(self) -> str:
        """Return a digest of model, file, column, shard size and changed options, independent of names."""
        file = self.input.file
        cut: list[Any] = [self.input.column, self.shard_rows, self.max_characters]
        if file.features:
            cut.append(file.features.digest)
        if changed := self._changed:
            cut.append(changed)
        return digest_of_value([digest_of_folder(self.checkpoint), file.digest, file.format, *cut])

    @property
    def _changed(self) -> dict[str, Any]:
        changed = dict(self.options)
        files = {"memory": self.memory, "rules": self.rules}
        changed |= {name: digest_of_file(file) for name, file in files.items() if file}
        if self.others:
            changed["with"] = [digest_of_folder(each) for each in self.others]
        return changed


@dataclass(frozen=True)
class BatchReport:
    """Result of batch inference; rates are those of this run, reading and writing included."""

    folder: str
    rows: int
    failed: int
    truncated: int  # answers that reached their length limit before END
    shards: int
    rows_before: int  # written by earlier runs
    seconds: float
    texts_per_second: float
    tokens_per_second: float  # written by the model
    failures: list[Failure]  # the first of them
    failures_file: str  # all of them
    unsure: int = 0  # answers whose confidence is below the bound that was asked for
    unsure_file: str = ""  # all of them; empty if nobody asked

    @property
    def headline(self) -> str:
        """The result in one line."""
        failed = f", {self.failed:,} failed" if self.failed else ""
        failed += f", {self.truncated:,} answers truncated at their limit" if self.truncated else ""
        failed += f", {self.unsure:,} to look at" if self.unsure_file else ""
        if self.rows_before == self.rows:
            return f"{self.rows:,} rows{failed}: all of them were there already"
        before = f", {self.rows_before:,} of them from before" if self.rows_before else ""
        return f"{self.rows:,} rows{before}{failed}, {self.texts_per_second:,.0f} texts/s"


def run_batch_inference(
    job: BatchInference,
    generator: Generator,
    to: Path,
    progress: Progress,
    failures: int = 100,
    below: float = 0.0,
    workers: GenerationWorkers | None = None,
) -> BatchReport:
    """Write the missing shards to the output's folder below `to`, and the lists of failures and of unsure answers.

    Unsure are those with a confidence of less than `below`, where that is above 0. With `workers` other processes
    answer; the files are the same.

    The folder is named by model and key, so another model or file has another folder. Shards are renamed when they are
    complete, so one that exists is whole.

    Raises:
        UserError: no row could be used, a column has the name of an output column, or the disk is full.
    """
    for taken in job.input.columns:
        if taken in generator.column_types:
            raise UserError(
                f"{job.input.file.location}: has a column {taken!r} already, which is to be added; rename or remove it"
            )
    key = job.key()
    folder = to / f"{read_recipe(job.checkpoint).name}-{key[:12]}"
    with full_disk_reported(to.absolute(), "the shards that are written are kept"):
        output_folder(folder)
        with FileLock(folder / ".lock"):
            _write_manifest(job, key, folder)
            started = time.monotonic()
            before, tokens = _write_shards(job, generator, folder, progress, workers or GenerationWorkers())
            seconds = time.monotonic() - started
            failed, listed = _list_failures(job, folder, failures)
            unsure = list_unsure(folder, job.input.outer, job.shard_rows, below) if below else 0
            hand_over(folder)
    if failed == job.input.rows:
        raise UserError(f"{job.input.file.location}: no row could be used; the first: {listed[0]['reason']}")
    made = job.input.rows - before
    return BatchReport(
        folder=str(folder),
        rows=job.input.rows,
        failed=failed,
        truncated=_count_truncated(folder),
        shards=len(list(folder.glob("shard-*.parquet"))),
        rows_before=before,
        seconds=round(seconds, 3),
        texts_per_second=round(made / seconds, 1),
        tokens_per_second=round(tokens / seconds, 1),
        failures=listed,
        failures_file=str(folder / FAILURES),
        unsure=unsure,
        unsure_file=str(folder / UNSURE) if below else "",
    )


def _write_manifest(job: BatchInference, key: str, folder: Path) -> None:
    manifest = {"key": key, **asdict(job), "checkpoint": str(job.checkpoint)}
    text = json.dumps(manifest, default=str, ensure_ascii=False, indent=2)
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def _write_shards(
    job: BatchInference, generator: Generator, folder: Path, progress: Progress, workers: GenerationWorkers
) -> tuple[int, int]:
    """Write the missing shards; return the number of rows that existed, and of tokens that the model wrote."""
    total, made, tokens = job.input.rows, 0, 0
    missing = _missing_shards(job, folder)
    here = nullcontext(_replies_here(job, generator, missing, progress))
    with workers.replies(job, missing) if workers.is_needed else here as answered:
        for shard, replies in answered:
            written = [fields[PREDICTION] for fields, _ in replies if fields]
            tokens += sum(map(len, generator.target.encode([text for text in written if text])))
            _write_shard(shard.rows, replies, generator.column_types, shard.path)
            made += len(replies)
            progress(shard.first + len(replies), total, "rows")
    progress(total, total, "rows")
    return total - made, tokens


def _missing_shards(job: BatchInference, folder: Path) -> Iterator[Shard]:
    first = 0
    for number, rows in enumerate(job.input.shards(job.shard_rows)):
        path = folder / f"shard-{number:05d}.parquet"
        if not path.exists():
            yield Shard(path, first, rows)
        first += len(rows.table)


def _replies_here(
    job: BatchInference, generator: Generator, shards: Iterable[Shard], progress: Progress
) -> Iterator[tuple[Shard, list[Reply]]]:
    """Yield each shard with the replies of this process."""
    for shard in shards:
        replies: list[Reply] = []
        for some in replies_to(shard.rows, generator, job.max_characters, shard.first):
            replies += some
            progress(shard.first + len(replies), job.input.rows, "rows")
        yield shard, replies


def _write_shard(rows: Rows, replies: list[Reply], added: dict[str, ColumnType], shard: Path) -> None:
    table = rows.table
    for column, kind in added.items():
        values = [fields and fields[column] for fields, _ in replies]
        table = table.append_column(column, pa.array(values, _type_of(kind)))
    table = table.append_column(FAILURE, pa.array([reason or None for _, reason in replies], pa.string()))
    unfinished = shard.with_name(f".{shard.name}")
    pq.write_table(table, unfinished, compression="zstd")
    sync(unfinished)
    unfinished.rename(shard)
    sync(shard.parent)


def _type_of(kind: ColumnType) -> pa.DataType:
    if isinstance(kind, list):
        return pa.struct([(name, pa.float64()) for name in kind])
    return {str: pa.string(), bool: pa.bool_(), float: pa.float64()}[kind]


def _list_failures(job: BatchInference, folder: Path, shown: int) -> tuple[int, list[Failure]]:
    """Write every failure to a file, and return how many there are and the first of them."""
    count = 0
    first: list[Failure] = []
    unfinished = folder / f".{FAILURES}"
    with unfinished.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["row", "reason", "text"])
        for failure in _failures(job, folder):
            count += 1
            table.writerow(failure.values())
            if len(first) < shown:
                first.append(failure)
    unfinished.rename(folder / FAILURES)
    return count, first


def _count_truncated(folder: Path) -> int:
    """Count the truncated answers in all shards; labels are never truncated."""
    columns = (
        pq.read_table(shard, columns=[TRUNCATED])[TRUNCATED]
        for shard in folder.glob("shard-*.parquet")
        if TRUNCATED in pq.read_schema(shard).names
    )
    return sum(pc.sum(column).as_py() or 0 for column in columns)


def _failures(job: BatchInference, folder: Path) -> Iterator[Failure]:
    shards = {int(shard.stem.partition("-")[2]): shard for shard in folder.glob("shard-*.parquet")}
    for number, shard in sorted(shards.items()):  # names do not sort beyond 99,999
        table = pq.read_table(shard, columns=[job.input.outer, FAILURE])
        for row, reason in enumerate(table[FAILURE].to_pylist()):
            if reason is not None:
                text = str(table[job.input.outer][row].as_py() or "")[:SHOWN]
                yield {"row": number * job.shard_rows + row + 1, "reason": reason, "text": text}
