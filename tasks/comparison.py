"""Prefect tasks of a comparison: metrics and cost of each candidate, and the ranking of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.runtime import flow_run

from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.errors import UserError
from seqloom.evaluation.model_comparison import (
    Candidate,
    best_first,
    indistinguishable,
    quality_against_cost,
    quality_by_length,
    same_splits,
)
from seqloom.recipe.applications import application_of
from seqloom.recipe.metric import Metric
from seqloom.registry import mlflow_runs
from seqloom.registry.mlflow_tracking import connect
from seqloom.shell_command import shell_word
from seqloom.training.training_history import read_history
from tasks.pages import markdown
from tasks.prefect_client import call_prefect
from tasks.progress_artifacts import audience
from tasks.stage_runner import patient_task, stage_task


@dataclass(frozen=True)
class Comparison:
    """Candidates of a comparison, best first."""

    task: str
    metric: str  # name of the metric they are ranked by, such as chrf
    candidates: list[Candidate]
    figure: str  # a PNG file
    length_figure: str  # another; empty where there is a single length, or scores would not compare

    @property
    def measure(self) -> Metric:
        """The declaration of the metric."""
        return application_of(self.task).judged[self.metric]

    @property
    def best(self) -> Candidate:
        """The winner; of several without a significant difference the one with the highest score."""
        return self.candidates[0]

    @property
    def tied(self) -> list[Candidate]:
        """The best and those that do not differ significantly from it."""
        return indistinguishable(self.candidates, self.measure)

    @property
    def headline(self) -> str:
        """One line: the winner, or of several without a significant difference the first and the cheapest."""
        measure, best, tied = self.measure, self.best, self.tied
        failed = sum(bool(candidate.failure) for candidate in self.candidates)
        end = f"; {failed} failed" if failed else ""
        chosen, tested = (measure.shown(each(measure)) for each in (best.score, best.tested))
        between = f"95 %: {_interval(measure, best)}"
        if len(tied) == 1:
            figure = f"{measure.label} {chosen} on validation ({between}), {tested} on test"
            return f"best of {len(self.candidates)}: {best.label}, {figure}, in {best.seconds:,.0f} s{end}"
        cheap = min(tied, key=lambda candidate: candidate.seconds)
        return (
            f"{len(tied)} of {len(self.candidates)} are not told apart by {measure.label} on validation: the first, "
            f"{best.label}, has {chosen} ({between}); the cheapest of them is {cheap.label}, in {cheap.seconds:,.0f} s"
            f"{end}"
        )

    @property
    def rows(self) -> list[dict[str, str]]:
        """Rows of a table, a candidate each."""
        return [
            _row(self.task, self.measure, number, candidate, within=number > 1 and candidate in self.tied)
            for number, candidate in enumerate(self.candidates, start=1)
        ]

    @property
    def caution(self) -> str:
        """A caveat for the reader of the scores; mostly empty."""
        if same_splits(self.candidates):
            return ""
        return "the corpora differ, so the scores are of different validation and test splits"


@patient_task(name="measure", task_run_name="measure · {label}")
def measure(
    label: str,
    metric: Metric,
    corpus: Manifest,
    training: Manifest,
    evaluation: Manifest,
    validation: Manifest,
    run_id: str,
) -> Candidate:
    """Close the MLflow run, without a version, and return the metrics and costs of the candidate."""
    client = connect(home_folder())
    mlflow_runs.log_facts(client, run_id, [validation])  # a run that is finished may have been so without it
    mlflow_runs.log_metrics(client, run_id, validation.facts["metrics"])
    if client.get_run(run_id).info.status != "FINISHED":
        with mlflow_runs.failing_run_is_closed(client, run_id):
            mlflow_runs.log_facts(client, run_id, (training, evaluation))
            mlflow_runs.log_results(client, run_id, evaluation)
            client.set_terminated(run_id, "FINISHED")
    updates = [row for row in read_history(training.path) if "train/seconds" in row]
    seconds = sum(row["train/seconds"] for row in updates)
    tokens = sum(row["train/seconds"] * row.get("train/tokens_per_second", 0.0) for row in updates)
    candidate = Candidate(
        label=label,
        metrics=evaluation.facts["metrics"],
        validation=validation.facts["metrics"],
        interval=tuple(validation.facts["intervals"][metric.name]),
        by_length={
            each["slice"]: each[metric.name]
            for each in evaluation.facts["slices"]
            if each["by"] == "length" and metric.name in each  # slices are counted by the recipe's own metric alone
        },
        seconds=seconds,
        tokens_per_second=tokens / max(1e-9, seconds),
        parameters=training.facts["parameters"],
        corpus=corpus.digest,
        checkpoint=training.folder,
        run_id=run_id,
    )
    watcher = audience.get()
    if watcher:
        watcher.finished("measured", f"{label}: {metric.label} {metric.shown(candidate.score(metric))}", seconds)
    return candidate


@stage_task(name="compare")
def rank(candidates: Sequence[Candidate], task: str, metric: Metric) -> Comparison:
    """Rank the candidates; leave a table and plots of quality by cost and by length of the source in Prefect's UI.

    Raises:
        UserError: every candidate failed.
    """
    ranked = best_first(candidates, metric)
    trained = [candidate for candidate in ranked if not candidate.failure]
    if not trained:
        raise UserError(f"every candidate failed; {ranked[0].label}: {ranked[0].failure}")
    folder = home_folder() / "comparisons"
    figure = folder / f"{flow_run.id}.png"
    quality_against_cost(trained, metric, figure)
    length_figure = _plot_by_length(trained, metric, folder / f"{flow_run.id}-by-length.png")
    comparison = Comparison(task, metric.name, ranked, str(figure), length_figure)
    line = comparison.headline
    call_prefect("the table", lambda: create_table_artifact(comparison.rows, key="comparison", description=line))
    page = _page(comparison)
    call_prefect("the figure", lambda: create_markdown_artifact(page, key="comparison-figure", description=line))
    return comparison


def _plot_by_length(trained: Sequence[Candidate], metric: Metric, path: Path) -> str:
    """Return the path of the plot; empty where there is a single length, or scores would not compare."""
    if not same_splits(trained) or any(len(each.by_length) < 2 for each in trained):
        return ""
    quality_by_length(trained, metric, path)
    return str(path)


def _row(task: str, metric: Metric, number: int, candidate: Candidate, within: bool) -> dict[str, str]:
    measures, ranked_by = application_of(task).metrics, f"{metric.label}, validation"
    if candidate.failure:
        columns = dict.fromkeys([ranked_by, _BETWEEN, *(measure.label for measure in measures), *_COSTS], "")
        return {"": "", "candidate": candidate.label, **columns, "note": candidate.failure}
    figures = {measure.label: measure.shown(candidate.tested(measure)) for measure in measures}
    return {
        "": str(number),
        "candidate": candidate.label,
        ranked_by: metric.shown(candidate.score(metric)),
        _BETWEEN: _interval(metric, candidate),
        **figures,
        "seconds": f"{candidate.seconds:,.1f}",
        "tokens/s": f"{candidate.tokens_per_second:,.0f}",
        "parameters": f"{candidate.parameters / 1e6:.2f} M",
        "note": "within the interval of 1" if within else "",
    }


def _interval(metric: Metric, candidate: Candidate) -> str:
    low, high = (metric.shown(end) for end in candidate.interval)
    return f"{low} to {high}"


_BETWEEN, _COSTS = "95 % of it", ("seconds", "tokens/s", "parameters")


def _page(comparison: Comparison) -> str:
    columns = list(comparison.rows[0])
    table = markdown.table(columns, [list(row.values()) for row in comparison.rows])
    caution = f"**{comparison.caution}**\n\n" if comparison.caution else ""
    label = comparison.measure.label
    pictures = markdown.image(Path(comparison.figure), f"{label} against cost")
    if comparison.length_figure:
        pictures += "\n" + markdown.image(Path(comparison.length_figure), f"{label} by length of the source")
    return (
        f"## {comparison.headline}\n\n{caution}{table}\n"
        "Ranked by the validation split; a model whose figure lies within the interval of the first may be as good.\n"
        f"The other scores are of the test split, which chose nothing.\n\n{pictures}\n"
        f'```\nseqloom generate {shell_word(comparison.best.checkpoint)} "…"\n```\n'
    )
