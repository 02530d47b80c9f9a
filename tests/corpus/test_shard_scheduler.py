"""Shards in this process, in others and on a cluster: one result, whoever ends in between."""

import errno
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.digest import digest_of_folder
from seqloom.artifact.eviction import inventory
from seqloom.corpus import shard_reader, shard_scheduler, shards
from seqloom.corpus.kept_shards import KeptShards
from seqloom.corpus.shard_task import ShardTask
from seqloom.corpus.shard_worker import answer
from seqloom.corpus.shards import plan_shards
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.errors import UserError
from seqloom.progress import Progress, unwatched
from seqloom.recipe.schema import CorpusSection

ROWS = 700


def section_of(folder: Path, scheduler: str = "", **fields: object) -> CorpusSection:
    lines = {
        "en": [f"Sentence {n % 650}, <b>{n % 7}</b>" for n in range(ROWS)],
        "de": [f"Satz {n % 600}" for n in range(ROWS)],
    }
    for language, texts in lines.items():
        (folder / f"c.{language}").write_text("\n".join(texts) + "\n", "utf-8")
    train = [str(folder / "c.en"), str(folder / "c.de")]
    return CorpusSection.model_validate(
        {"train": train, "filters": ["unique_target", "length_ratio<=4"], "scheduler": scheduler, **fields}
    )


def digest(section: CorpusSection, folder: Path, lines: int, progress: Progress = unwatched) -> str:
    """Build the corpus in shards of so many lines."""
    folder.mkdir()
    with mock.patch.object(shards, "ROWS", lines):
        build_corpus(section, locate(section, folder), folder, progress)
    return digest_of_folder(folder)


@contextmanager
def processes() -> Iterator[None]:
    """Start processes however small the corpus is."""
    with mock.patch.object(shard_scheduler, "BYTES", 1), mock.patch("os.sched_getaffinity", return_value={0, 1}):
        yield


class Killer:
    """Kills one process of a module when the first shard is done."""

    def __init__(self, module: str) -> None:
        self.module, self.killed = module, 0

    def __call__(self, *_: object) -> None:
        if not self.killed:
            found = [each for each in psutil.Process().children(True) if self.module in " ".join(each.cmdline())]
            found[-1].kill()
            self.killed = found[-1].pid


def test_one_two_and_seven_shards_have_one_result(tmp_path: Path) -> None:
    section = section_of(tmp_path, privacy="replace")
    digests = {digest(section, tmp_path / str(lines), lines) for lines in (ROWS, ROWS // 2, ROWS // 7)}
    assert len(digests) == 1


def write_table(folder: Path, form: str, rows: int) -> CorpusSection:
    """Write sentences as JSON lines, with blank and broken ones, or as Parquet in groups of 60 rows."""
    texts = [{"source": f"Sentence {n % 650}, <b>{n % 7}</b>", "target": f"Satz {n % 600}"} for n in range(rows)]
    path = folder / f"c.{form}"
    if form == "jsonl":
        lines = ["" if n % 90 == 0 else "{" if n % 99 == 0 else json.dumps(text) for n, text in enumerate(texts)]
        path.write_text("\ufeff" + "\n".join([*lines, ""]), "utf-8")
    else:
        pq.write_table(pa.Table.from_pylist(texts), path, row_group_size=60)
    return CorpusSection.model_validate({"train": [str(path)], "filters": ["unique_target"]})


@pytest.mark.parametrize(("form", "shards_of_100"), [("jsonl", 7), ("parquet", 6)])
def test_json_lines_and_row_groups_are_read_in_blocks(tmp_path: Path, form: str, shards_of_100: int) -> None:
    section = write_table(tmp_path, form, ROWS)
    with mock.patch.object(shards, "ROWS", 100):
        assert len(plan_shards(section, locate(section, tmp_path))) == shards_of_100
    digests = {digest(section, tmp_path / str(lines), lines) for lines in (ROWS * 2, 100, 250)}
    assert len(digests) == 1


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_a_table_that_grew_keeps_its_blocks(tmp_path: Path, form: str) -> None:
    def folders(rows: int) -> set[Path]:
        section = write_table(tmp_path, form, rows)
        kept = KeptShards(tmp_path / "artifacts", section, False)
        with mock.patch.object(shards, "ROWS", 100):
            return {kept.folder(shard) for shard in plan_shards(section, locate(section, tmp_path))}

    before, after = folders(600), folders(630)
    assert len(before) in (5, 6)
    assert len(after - before) == 1


def test_a_corpus_that_grew_reads_what_is_new_and_equals_a_full_one(tmp_path: Path) -> None:
    section, artifacts = section_of(tmp_path), tmp_path / "artifacts"

    def built(name: str, kept: Path | None) -> tuple[str, int]:
        (tmp_path / name).mkdir()
        run, tasks = ShardTask.run, []
        with (
            mock.patch.object(shards, "ROWS", 100),
            mock.patch.object(shard_scheduler, "BYTES", 1),
            mock.patch("os.sched_getaffinity", return_value={0}),
            mock.patch.object(ShardTask, "run", lambda task, told: (tasks.append(task), run(task, told))),
        ):
            build_corpus(section, locate(section, tmp_path), tmp_path / name, unwatched, kept)
        return digest_of_folder(tmp_path / name), len(tasks)

    assert built("first", artifacts)[1] == ROWS // 100
    assert {folder.kind for folder in inventory(Store(tmp_path))} == {
        "workspace"
    }  # what clean-up keeps while it is used
    assert built("same", artifacts) == (digest_of_folder(tmp_path / "first"), 0)
    for language, text in (("en", "A line that is new"), ("de", "Eine neue Zeile")):
        with (tmp_path / f"c.{language}").open("a") as file:
            file.write(f"{text}\n")
    assert built("grown", artifacts) == (built("full", None)[0], 1)
    with (tmp_path / "c.en").open("r+") as file:
        file.write("S3ntence")  # the first row
    assert built("changed", artifacts) == (built("full again", None)[0], 1)


def test_processes_have_the_result_of_one_even_if_one_of_them_is_killed(tmp_path: Path) -> None:
    section, killer = section_of(tmp_path), Killer("shard_worker")
    with mock.patch.object(shard_scheduler, "BYTES", 1), mock.patch("os.sched_getaffinity", return_value={0}):
        alone = digest(section, tmp_path / "alone", 60)
    with processes():
        assert digest(section, tmp_path / "many", 60, killer) == alone
    assert killer.killed
    assert not [each for each in psutil.Process().children() if "shard_worker" in " ".join(each.cmdline())]


def test_a_mistake_that_a_process_finds_is_told(tmp_path: Path) -> None:
    section = section_of(tmp_path)
    (tmp_path / "c.de").write_text("one line\n", "utf-8")
    (shard,) = plan_shards(section, locate(section, tmp_path))
    task = ShardTask(shard, section, False, tmp_path / "shard")
    with pytest.raises(UserError) as mistake:
        task.run(lambda rows, origin: None)  # noqa: ARG005
    assert json.loads(answer(task.as_json())) == {"mistake": str(mistake.value)}
    assert not task.is_done
    assert not list(tmp_path.glob(".shard*"))


def test_a_disk_that_a_process_finds_full_is_told(tmp_path: Path) -> None:
    section = section_of(tmp_path)
    (shard,) = plan_shards(section, locate(section, tmp_path))
    task = ShardTask(shard, section, False, tmp_path / "shard")
    with mock.patch.object(shard_reader, "write_part", side_effect=OSError(errno.ENOSPC, "full")):
        assert json.loads(answer(task.as_json())) == {"full": str(tmp_path)}
    assert not list(tmp_path.glob("*shard*"))


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with (
        mock.patch("seqloom.corpus.dask_cluster._TIMEOUT", 1),
        pytest.raises(UserError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 "),
    ):
        digest(section_of(tmp_path, "tcp://127.0.0.1:1"), tmp_path / "out", ROWS)


def test_a_cluster_has_the_result_of_one_process_even_if_a_worker_is_killed(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with mock.patch("os.sched_getaffinity", return_value={0}):
        alone = digest(section_of(tmp_path), tmp_path / "alone", 60)
    killer = Killer("spawn_main")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        section = section_of(tmp_path, cluster.scheduler_address)
        assert digest(section, tmp_path / "many", 60, killer) == alone
    assert killer.killed
