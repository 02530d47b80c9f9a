"""Garbage collection: which artifacts no registered version and no recent run needs."""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow.store.entities import PagedList

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.eviction import StageFolder, clear, inventory, is_locked
from seqloom.artifact.home_folder import database_file
from seqloom.errors import UserError
from seqloom.registry.lineage import DIGITS, stages_of, stages_of_version
from seqloom.registry.mlflow_runs import TRAINING_TAG, find_run
from seqloom.registry.mlflow_tracking import connect
from seqloom.registry.registered_version import KEY_TAG

SECONDS_A_DAY = 86_400
ABANDONED = 7 * SECONDS_A_DAY  # an open run that is older, and trains nothing, will not go on
NEEDED, RECENT, IN_USE = "a registered version needs it", "a recent run needs it", "it is worked at"


@dataclass(frozen=True)
class Need:
    """Keys and digests of stages that some runs were made from."""

    digests: frozenset[str]  # of stages, or their first digits
    folders: frozenset[str]  # stage and key of checkpoints they started from, wherever their home was then

    def covers(self, folder: StageFolder) -> bool:
        """Return whether a stage folder is among them."""
        return _in_store(folder.path) in self.folders or (
            folder.manifest is not None
            and not self.digests.isdisjoint((folder.manifest.digest, folder.manifest.digest[:DIGITS]))
        )


@dataclass(frozen=True)
class Judged:
    """A stage folder and the reason to keep it; an empty reason where nothing needs it."""

    folder: StageFolder
    why: str


@dataclass(frozen=True)
class Share:
    """Number and size of a stage's folders."""

    stage: str
    going: int  # folders
    bytes: int  # of them
    kept: dict[str, int]  # folders, by reason

    @property
    def row(self) -> dict[str, str | int]:
        """Return the row of a table."""
        kept = ", ".join(f"{count}: {why}" for why, count in self.kept.items())
        return {"stage": self.stage, "going": self.going, "space": size_in_words(self.bytes), "kept": kept or "none"}


@dataclass(frozen=True)
class CleanUp:
    """Folders that were removed, or would be."""

    days: float
    deleted: bool
    shares: list[Share]  # the stage that gives most first
    folders: list[str]  # that go

    @property
    def headline(self) -> str:
        """Return the result in one line."""
        space = size_in_words(sum(share.bytes for share in self.shares))
        many = f"{len(self.folders):,} folder{'s' * (len(self.folders) != 1)}"
        if not self.folders:
            return "nothing to clean up: a version or a recent run needs everything"
        return f"freed {space} in {many}" if self.deleted else f"would free {space} in {many}; nothing was touched"


def size_in_words(size: int) -> str:
    """Return a size for people, such as 1.5 GB."""
    amount, units = float(size), ["bytes", "kB", "MB", "GB", "TB"]
    while amount >= 1000 and len(units) > 1:
        amount /= 1000
        units.pop(0)
    return f"{amount:.0f} {units[0]}" if units[0] == "bytes" else f"{amount:.1f} {units[0]}"


def clean_up(home: Path, days: float, delete: bool) -> CleanUp:
    """Remove, or only list, the folders that nothing needs.

    Raises:
        UserError: there is no registry to tell what is needed, or it does not say what a version was made from.
    """
    judged = judge(home, days)
    if delete:  # folders that another run has used meanwhile stay
        judged = [each if each.why or clear(each.folder) else replace(each, why=IN_USE) for each in judged]
    going = [str(each.folder.path) for each in judged if not each.why]
    shares = [_share(stage, judged) for stage in sorted({each.folder.stage for each in judged})]
    return CleanUp(days, delete, sorted(shares, key=lambda share: -share.bytes), going)


def judge(home: Path, days: float) -> list[Judged]:
    """Decide for every folder of the store whether to keep it.

    A version needs the stages that its MLflow run names, and the checkpoint that its training started from. So does a
    run of the last `days`, and one that is open. Folders that a flow used in that time are kept as well.
    """
    store = Store(home)
    if not os.environ.get("MLFLOW_TRACKING_URI") and not database_file(home).exists():
        if not store.root.exists():
            return []
        raise UserError(
            f"there is no registry at {database_file(home)}, so nobody can tell which artifacts are needed; set "
            "MLFLOW_TRACKING_URI or SEQLOOM_HOME"
        )
    client = connect(home)
    since = time.time() - days * SECONDS_A_DAY
    versions, recent = _need_of_versions(client), _need_of(client, _runs_since(client, since, store))
    return [Judged(folder, _why(folder, versions, recent, since)) for folder in inventory(store)]


def _share(stage: str, judged: list[Judged]) -> Share:
    here = [each for each in judged if each.folder.stage == stage]
    going = [each.folder.size for each in here if not each.why]
    return Share(stage, len(going), sum(going), dict(Counter(each.why for each in here if each.why)))


def _why(folder: StageFolder, versions: Need, recent: Need, since: float) -> str:
    if is_locked(folder):
        return IN_USE
    if folder.kind == "leftover":
        return ""
    if versions.covers(folder):
        return NEEDED
    return RECENT if folder.used >= since or recent.covers(folder) else ""


def _need_of_versions(client: MlflowClient) -> Need:
    """Return what registered versions were made from; a removed run no longer names its parent checkpoint."""
    versions = [version for version in all_pages(client.search_model_versions) if KEY_TAG in version.tags]
    runs = filter(None, (find_run(client, version.run_id) for version in versions))
    digests = {digest for version in versions for digest in stages_of_version(client, version).values()}
    return Need(frozenset(digests), frozenset(_checkpoints_of(runs)))


def _runs_since(client: MlflowClient, since: float, store: Store) -> Iterator[Run]:
    experiments = [experiment.experiment_id for experiment in all_pages(client.search_experiments)]
    for run in all_pages(lambda **page: client.search_runs(experiments, f"tags.`{TRAINING_TAG}` != ''", **page)):
        training = StageFolder(store.root / "training" / run.data.tags[TRAINING_TAG][:32], "finished", 0.0, 0)
        started = run.info.start_time / 1000
        under_way = run.info.status == "RUNNING" and (started >= time.time() - ABANDONED or is_locked(training))
        if started >= since or under_way:
            yield run


def all_pages(search: Callable[..., PagedList[Any]]) -> Iterator[Any]:
    """Yield the items of every page of a search."""
    token = None
    while True:
        page = search(page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _need_of(client: MlflowClient, runs: Iterable[Run]) -> Need:
    there = list(runs)
    digests = {digest for run in there for digest in stages_of(client, run.info.run_id).values()}
    return Need(frozenset(digests), frozenset(_checkpoints_of(there)))


def _checkpoints_of(runs: Iterable[Run]) -> Iterator[str]:
    """Yield the checkpoints that trainings were warm-started from."""
    for run in runs:
        started_from = run.data.params.get("training.start_encoder_from")
        if started_from:
            yield _in_store(Path(started_from).resolve())


def _in_store(folder: Path) -> str:
    """Return the path's last parts; a key is a digest, so they identify the folder."""
    return f"{folder.parent.name}/{folder.name}"
