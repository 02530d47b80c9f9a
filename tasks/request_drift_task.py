"""Prefect task of request drift: metrics in MLflow, a page in Prefect's UI, and the event of an alert."""

from pathlib import Path

from prefect.artifacts import create_markdown_artifact
from prefect.events import emit_event

from seqloom.artifact.home_folder import home_folder
from seqloom.feedback.request_drift import DriftScore
from seqloom.registry.mlflow_tracking import connect, wait_for_mlflow
from seqloom.registry.model_drift import ModelDrift, drift_of_model, log_drift
from tasks.pages import markdown
from tasks.prefect_client import call_prefect
from tasks.stage_runner import patient_task

DRIFTED = "seqloom.requests.drifted"  # the event that an automation may wait for


@patient_task(name="drift", task_run_name="drift · {model}")
def watch_requests(model: str, log: str, answers: int) -> ModelDrift:
    """Compare the log with what the version learned from; log it, leave a page, and emit an event if it moved."""
    home = home_folder()
    wait_for_mlflow(connect(home))
    drift = drift_of_model(model, Path(log), answers, home)
    log_drift(drift, home)
    key = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in f"{drift.name}-drift".lower())
    call_prefect("the page", lambda: create_markdown_artifact(page(drift), key=key, description=drift.headline))
    if drift.moved:
        emit_event(
            DRIFTED,
            resource={"prefect.resource.id": f"seqloom.model.{drift.name}", "prefect.resource.name": drift.name},
            payload={
                "model": drift.model,
                "log": log,
                "moved": [each.name for each in drift.moved],
                "why": drift.headline,
            },
        )
    return drift


def page(drift: ModelDrift) -> str:
    """Return the scores as markdown, and the shares of all bins of what moved."""
    columns = ("", "PSI", "by chance", "learned", "asked")
    rows = [
        (
            f"**{each.name}**" if each in drift.moved else each.name,
            *(f"{index:.3f}" for index in (each.index, each.by_chance)),
            *(markdown.text(words) for words in (each.expected, each.found)),
        )
        for each in drift.scores
    ]
    text = f"## {drift.name}: {'drift' if drift.moved else 'no drift'}\n\n{markdown.text(drift.headline)}\n"
    if rows:
        text += f"\nLimit {drift.limit:g} (serving.drift_limit), and what chance gives.\n\n"
        text += markdown.table(columns, rows, numbers=(1, 2))
    return text + "".join(_bins(each) for each in drift.moved)


def _bins(score: DriftScore) -> str:
    rows = [(markdown.text(name), f"{before:.1%}", f"{after:.1%}") for name, before, after in score.bins]
    return f"\n### {score.name}\n\n{markdown.table(('', 'learned', 'asked'), rows, numbers=(1, 2))}"
