"""Prefect tasks of a hyperparameter search: the MLflow runs of its trials, and what came of the study."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import optuna
import yaml
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.logging import get_run_logger

from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.errors import UserError
from seqloom.recipe.metric import Metric
from seqloom.recipe.schema import Recipe
from seqloom.recipe.search_space import Domain
from seqloom.registry import mlflow_runs, study_runs
from seqloom.registry.mlflow_tracking import connect, wait_for_mlflow
from seqloom.shell_command import shell_word
from seqloom.tuning.study import TrialResult, importances, results
from seqloom.tuning.study_plots import draw_study
from tasks.pages import markdown
from tasks.prefect_client import call_prefect
from tasks.progress_artifacts import audience
from tasks.run_names import artifact_key
from tasks.stage_runner import patient_task


@dataclass(frozen=True)
class TrialScore:
    """The score of a trial on the validation split."""

    score: float | None  # None if it was pruned
    run_id: str
    why: str = ""  # it was pruned


@dataclass(frozen=True)
class StudyOutcome:
    """A study after its last trial."""

    study: str
    metric: Metric
    trials: list[TrialResult]  # best first, then those that were pruned or failed
    importances: dict[str, float]  # of each field, as a share; empty after few trials
    recipe_file: str  # the best recipe, in YAML
    plots: dict[str, str]  # PNG files by title
    run_id: str  # in MLflow

    @property
    def best(self) -> TrialResult:
        """The trial with the best score."""
        return self.trials[0]

    @property
    def headline(self) -> str:
        """One line: the best trial, and how many there were."""
        states = [trial.state for trial in self.trials]
        ends = [f"{states.count(state)} {state}" for state in ("pruned", "failed") if state in states]
        score = self.metric.shown(self.best.score or 0.0)
        counted = ", ".join([f"best of {len(states)} trials", *ends])
        return f"{counted}: {self.best.label}, {self.metric.label} {score} on validation"

    @property
    def rows(self) -> list[dict[str, str]]:
        """Rows of a table, a trial each."""
        return [_row(rank, trial, self.metric) for rank, trial in enumerate(self.trials, start=1)]


def _row(rank: int, trial: TrialResult, metric: Metric) -> dict[str, str]:
    values = [override.split("=", 1) for override in trial.overrides]
    short = len({field.rpartition(".")[2] for field, _ in values}) == len(values)
    return {
        "": str(rank) if trial.state == "finished" else "",
        "trial": str(trial.number),
        **{field.rpartition(".")[2] if short else field: value for field, value in values},
        f"{metric.label}, validation": "" if trial.score is None else metric.shown(trial.score),
        "epochs": str(trial.epochs),
        "seconds": f"{trial.seconds:,.0f}",
        "note": trial.why,
    }


@patient_task(name="study's run", task_run_name="study's run · {study}")
def open_study_run(recipe: Recipe, study: str, space: Sequence[str]) -> str:
    """Return the id of the MLflow run of a study, below which its trials are shown."""
    client = connect(home_folder())
    wait_for_mlflow(client)
    return study_runs.open_study_run(client, recipe, study, dict(line.split("=", 1) for line in space), home_folder())


@patient_task(name="trial's run", task_run_name="trial's run · {number}")
def adopt_run(study_run: str, run_id: str, number: int) -> None:
    """Show the MLflow run of a trial below that of its study."""
    study_runs.adopt_trial(connect(home_folder()), study_run, run_id, number)


@patient_task(name="pruned run", task_run_name="pruned run")
def end_pruned_run(run_id: str) -> None:
    """End the MLflow run of a pruned trial as one that was stopped, not as one that failed."""
    study_runs.close_pruned(connect(home_folder()), run_id)


@patient_task(name="trial's score", task_run_name="trial's score · {recipe.name}")
def close_trial(recipe: Recipe, metric: str, training: Manifest, validation: Manifest, run_id: str) -> TrialScore:  # noqa: ARG001
    """Close the MLflow run of a trial and return its score."""
    client = connect(home_folder())
    mlflow_runs.log_metrics(client, run_id, validation.facts["metrics"])
    if client.get_run(run_id).info.status != "FINISHED":
        with mlflow_runs.failing_run_is_closed(client, run_id):
            mlflow_runs.log_facts(client, run_id, (training, validation))
            client.set_terminated(run_id, "FINISHED")
    return TrialScore(validation.facts["metrics"][f"validation/{metric}"], run_id)


def report_trial(trial: TrialResult, metric: Metric) -> None:
    """Say in the terminal and in the run's log how a trial ended."""
    ended = f"{metric.label} {metric.shown(trial.score)} on validation" if trial.score is not None else trial.why
    line = f"{trial.number}: {trial.label}: {ended}"
    get_run_logger().info("trial %s", line)
    if watcher := audience.get():
        watcher.finished("trial", line, trial.seconds)


@patient_task(name="study", task_run_name="study · {name}")
def report_study(
    study: optuna.Study, name: str, recipe: Recipe, space: Sequence[Domain], metric: Metric, best: Recipe, run_id: str
) -> StudyOutcome:
    """Write the best recipe and the plots, and show them in Prefect's UI and in MLflow."""
    ended = best_first(results(study, space), metric)
    folder = home_folder() / "studies" / name
    plots = {title: str(path) for title, path in draw_study(study, metric, folder).items()}
    file = folder / "best.yaml"
    outcome = StudyOutcome(name, metric, ended, importances(study), str(file), plots, run_id)
    file.write_text(f"# {outcome.headline}\n{_in_yaml(best)}", encoding="utf-8")
    study_runs.close_study_run(
        connect(home_folder()), run_id, {f"validation/{metric.name}": outcome.best.score or 0.0}, folder
    )
    key, line = artifact_key(recipe, "study"), outcome.headline
    call_prefect("the trials", lambda: create_table_artifact(outcome.rows, key=key, description=line))
    page = _page(outcome)
    call_prefect("the study", lambda: create_markdown_artifact(page, key=f"{key}-page", description=line))
    return outcome


def best_first(trials: Sequence[TrialResult], metric: Metric) -> list[TrialResult]:
    """Sort by score, ties by number; pruned and failed trials come last.

    Raises:
        UserError: none has finished.
    """
    finished = [trial for trial in trials if trial.score is not None]
    if not finished:
        last = next((f"; trial {trial.number}: {trial.why}" for trial in reversed(trials) if trial.why), "")
        raise UserError(f"none of {len(trials)} trials has finished{last}")
    sign = -1 if metric.rises else 1
    ranked = sorted(finished, key=lambda trial: (sign * (trial.score or 0.0), trial.number))
    return [*ranked, *(trial for trial in trials if trial.score is None)]


def _in_yaml(recipe: Recipe) -> str:
    tree = recipe.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump({"name": recipe.name, "task": recipe.task, **tree}, sort_keys=False, allow_unicode=True)


def _page(outcome: StudyOutcome) -> str:
    columns = list(outcome.rows[0])
    table = markdown.table(columns, [list(row.values()) for row in outcome.rows])
    shares = [[field, f"{share:.0%}"] for field, share in outcome.importances.items()]
    importance = f"\nHow much of the difference each field explains:\n\n{markdown.table(['field', 'share'], shares)}"
    pictures = "\n".join(markdown.image(Path(path), title) for title, path in outcome.plots.items())
    return (
        f"## {outcome.headline}\n\n{table}\nScores are of the validation split; the test split was not looked at.\n"
        f"{importance if shares else ''}\n{pictures}\n"
        f"```\nseqloom train {shell_word(outcome.recipe_file)}\n```\n"
    )
