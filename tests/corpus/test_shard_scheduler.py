"""Shards in this process, in others and on a cluster: one result, whoever ends in between."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import psutil
import pytest

from seqloom.artifact.digest import digest_of_folder
from seqloom.corpus import shard_scheduler, shards
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


def test_processes_have_the_result_of_one_even_if_one_of_them_is_killed(tmp_path: Path) -> None:
    section, killer = section_of(tmp_path), Killer("shard_worker")
    alone = digest(section, tmp_path / "alone", ROWS)
    with processes():
        assert digest(section, tmp_path / "many", 60, killer) == alone
    assert killer.killed
    assert not [each for each in psutil.Process().children() if "shard_worker" in " ".join(each.cmdline())]


def test_a_mistake_found_by_a_process_is_told(tmp_path: Path) -> None:
    section = section_of(tmp_path)
    mistakes = []
    for scheduled in (False, True):
        (tmp_path / "c.de").write_bytes(b"\xff\n" * ROWS)
        with pytest.raises(UserError) as mistake, processes() if scheduled else mock.MagicMock():
            digest(section, tmp_path / str(scheduled), 400)
        mistakes.append(str(mistake.value))
    assert mistakes[0] == mistakes[1]
    assert "byte 0xff is not UTF-8" in mistakes[0]


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with (
        mock.patch("seqloom.corpus.dask_cluster._TIMEOUT", 1),
        pytest.raises(UserError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1 "),
    ):
        digest(section_of(tmp_path, "tcp://127.0.0.1:1"), tmp_path / "out", ROWS)


def test_a_cluster_has_the_result_of_one_process_even_if_a_worker_is_killed(tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    alone = digest(section_of(tmp_path), tmp_path / "alone", ROWS)
    killer = Killer("spawn_main")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1"
    ) as cluster:
        section = section_of(tmp_path, cluster.scheduler_address)
        assert digest(section, tmp_path / "many", 60, killer) == alone
    assert killer.killed
