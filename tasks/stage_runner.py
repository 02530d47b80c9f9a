"""Stages as Prefect tasks: cache, lock, retries, and the page in Prefect's UI."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import httpx
from prefect import Task, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import Stage
from seqloom.artifact.eviction import note_use
from seqloom.artifact.full_disk import says_full
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.errors import Unreachable, UserError, is_transient
from seqloom.progress import Progress
from seqloom.recipe.schema import Recipe
from seqloom.registry.mlflow_tracking import is_away
from tasks.headlines import headline
from tasks.pages.stage_page import page
from tasks.prefect_client import call_prefect
from tasks.progress_artifacts import audience, watched
from tasks.run_names import artifact_key

Made = TypeVar("Made")
Work = Callable[..., Made]
RunName = str | Callable[[dict[str, Any]], str]


class Write(Protocol):
    """The work of a stage: fills a folder, reports progress, returns the facts of its manifest."""

    def __call__(self, folder: Path, progress: Progress) -> dict[str, Any]:
        """Fill the empty `folder`; called only where no finished stage of the same key exists."""


def run_stage(
    stage: Stage, recipe: Recipe, inputs: Sequence[str], write: Write, force: bool = False
) -> State[Manifest]:
    """Find the finished stage or run it; the state is named Cached or Completed and holds the manifest.

    With `force` it is run though it is finished.

    Prefect's own cache is not used: it would be wrong as soon as a folder is removed. A stage is finished if, and only
    if, its folder is in the store.
    """
    store = Store(home_folder())
    key = stage.key(recipe, inputs)
    found = None if force else store.find(stage.name, key)
    if found:
        note_use(found)
        return report(recipe, found, cached=True)
    cached = True  # by another run, if we have to wait for it

    def work(folder: Path) -> dict[str, Any]:
        nonlocal cached
        cached = False
        return write(folder, progress)

    with watched(stage.name, artifact_key(recipe, stage.name, "progress")) as progress:
        made = store.build(stage.name, key, work, again=force)
    return report(recipe, made, cached)


def report(recipe: Recipe, manifest: Manifest, cached: bool) -> State[Manifest]:
    """Report a finished stage to the terminal and as a page in Prefect's UI; return its state with the headline."""
    line = headline(manifest)
    watcher = audience.get()
    if watcher:
        watcher.finished(manifest.stage, line, None if cached else manifest.seconds)
    key = artifact_key(recipe, manifest.stage)
    call_prefect(
        f"the page of {manifest.stage}",
        lambda: create_markdown_artifact(page(recipe, manifest), key=key, description=line),
    )
    return Completed(name="Cached" if cached else "Completed", message=line, data=manifest)


def retry_can_help(tried: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001
    """Return whether Prefect should retry a failed task: after an outage, not after a user's mistake or a bug."""
    try:
        state.result()
    except Exception as error:
        return passes_by_itself(error)
    return False


def stage_task(name: str, task_run_name: RunName | None = None, **options: Any) -> Callable[[Work[Made]], Work[Made]]:
    """Return the decorator of a Prefect task without Prefect's own cache.

    Prefect hands a task the result of each state that it is given, such as a manifest; no type of Prefect's says so.
    """
    named: Any = task_run_name  # Prefect's own type of it wants a class around the function
    decorate: Callable[[Work[Made]], Work[Made]] = task(
        name=name, task_run_name=named, cache_policy=NO_CACHE, **options
    )
    return decorate


def patient_task(name: str, task_run_name: RunName) -> Callable[[Work[Made]], Work[Made]]:
    """Return the decorator of a task that uses the network and is retried after an outage."""
    return stage_task(
        name, task_run_name, retries=3, retry_delay_seconds=[2, 10, 60], retry_condition_fn=retry_can_help
    )


def passes_by_itself(error: BaseException) -> bool:
    """Return whether an error passes by itself: a network, server or disk may come back, a mistake or a bug stays."""
    if isinstance(error, Unreachable):
        return True
    if isinstance(error, UserError) or says_full(error):
        return False
    if isinstance(error, httpx.HTTPStatusError):
        return is_transient(error.response.status_code)
    return isinstance(error, httpx.TransportError) or is_away(error)


def name_lock(recipe: Recipe, step: str) -> AbstractContextManager[None]:
    """Lock a step, such as the gate, for one run at a time of the recipe's name; a wait is logged."""
    return Store(home_folder()).alone(f"{step}-{recipe.name}", f"the {step} of {recipe.name}")
