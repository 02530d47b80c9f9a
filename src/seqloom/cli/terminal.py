"""Terminal output of commands: plan, closing card, and tables of results."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from seqloom.recipe.applications import application_of
from seqloom.recipe.pair_source import source_of_pairs
from seqloom.registry.ui_links import serve_command, server_command
from seqloom.shell_command import shell_word
from tasks.headlines import headline

if TYPE_CHECKING:
    from seqloom.batch_inference.sharded_generation import BatchReport
    from seqloom.distillation.distilled_corpus import DistillationReport
    from seqloom.recipe.schema import Recipe
    from seqloom.registry.export_records import ExportRecord
    from seqloom.registry.garbage_collection import CleanUp
    from seqloom.registry.run_plan import Step
    from tasks.comparison import Comparison
    from tasks.outcome import Outcome
    from tasks.study_trials import StudyOutcome

ROOM = 58  # columns of 80 for scores, beside names of two words
SHOWN_FAILURES = 10
EXAMPLES = "Held-out examples, from the best to the worst"


def show_plan(console: Console, name: str, steps: "Sequence[Step]") -> None:
    """Print which stages are finished already, and which will run."""
    table = Table(title=f"Plan for {name}", title_justify="left", box=None, padding=(0, 2))
    for column in ("stage", "plan", "from before"):
        table.add_column(column, no_wrap=column != "from before")
    for step in steps:
        known = headline(step.manifest) if step.manifest else step.version.uri if step.version else ""
        plan = Text(step.told, "green" if step.cached else "yellow")
        table.add_row(step.stage, plan, Text(known, "dim"))
    console.print(table)
    console.print()


def show_card(console: Console, outcome: "Outcome", home: Path) -> None:
    """Print a box with the version and its scores, and below it links and the command to try it."""
    made = Text.assemble(
        ("Registered " if outcome.stages["registry"] != "cached" else "Nothing new to register: "),
        (outcome.uri, "bold green"),
        f"  ({', '.join(outcome.aliases) or 'no alias'})",
    )
    color = "green" if outcome.verdict == "champion" else "yellow"
    parts = [
        made,
        Text(outcome.gate, color),
        *map(Text, outcome.lacks),
        Text(),
        _scores(outcome),
        *_examples(outcome),
    ]
    console.print(Panel(Group(*parts), title=outcome.model, border_style=color, padding=(1, 2)))
    show_to_copy(console, *_where_to_look(outcome, home))


def _scores(outcome: "Outcome") -> Table:
    """Return the scores of the model, of another champion, and of the baselines."""
    table = Table(box=None, padding=(0, 1), title="Test scores", title_justify="left", title_style="bold")
    kind = application_of(outcome.task)
    table.add_column()
    wide = sum(len(measure.label) + 2 for measure in kind.metrics) > ROOM
    for measure in kind.metrics:  # a line a word, where there is no room for more
        width = max(len("100.0%"), *map(len, measure.label.split())) if wide else None
        table.add_column(measure.label, justify="right", no_wrap=not wide, max_width=width)
    rows = [("this model", "bold", _of(outcome.metrics, "test/"))]
    if outcome.champion and outcome.champion["version"] != outcome.version:
        rows.append((f"champion, version {outcome.champion['version']:.0f}", "", outcome.champion))
    baselines = kind.baselines_in(outcome.metrics)
    rows += [(title, "dim", _of(outcome.metrics, f"baseline/{name}/")) for name, title in baselines.items()]
    for title, style, scores in rows:
        values = (each.shown(scores[each.name]) if each.name in scores else "" for each in kind.metrics)
        table.add_row(Text(title, style), *(Text(value, style) for value in values))
    return table


def _of(metrics: Mapping[str, float], prefix: str) -> dict[str, float]:
    """Return the scores of one system, by names without the prefix."""
    return {name.removeprefix(prefix): value for name, value in metrics.items() if name.startswith(prefix)}


def _examples(outcome: "Outcome") -> list[Table | Text]:
    if not outcome.examples:
        return []
    table = Table(box=None, padding=(0, 2), title=EXAMPLES, title_justify="left", title_style="bold", show_header=False)
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for number, example in enumerate(outcome.examples):
        if number:
            table.add_row("", "")
        table.add_row("rank", Text(example.get("rank", "")))
        table.add_row("source", Text(example["source"]))
        table.add_row("reference", Text(example["reference"]))
        table.add_row("hypothesis", Text(example["hypothesis"], "bold"))
    return [Text(), table]


def _where_to_look(outcome: "Outcome", home: Path) -> Iterator[tuple[str, str]]:
    yield "try it", outcome.try_it
    if outcome.champion:
        yield "serve it, and each champion after it", f"seqloom serve models:/{outcome.model}@champion"
        yield "serve it by MLflow", serve_command(outcome.model, home)
    yield f"MLflow, run {outcome.run_id} in experiment {outcome.model}", outcome.mlflow_url or server_command(home)
    up = f"SEQLOOM_HOME={shell_word(str(home))} seqloom up"
    yield f"Prefect, flow run {outcome.flow_run}", outcome.prefect_url or up
    yield "checkpoint", outcome.checkpoint


def show_to_copy(console: Console, *lines: tuple[str, str]) -> None:
    """Print commands and addresses below their labels, each unbroken on a line of its own, to be copied."""
    for what, line in lines:
        console.print(Text(f"{what}:", "dim"), soft_wrap=True)
        console.print(Text(line), soft_wrap=True)


def show_export(console: Console, model: str, record: "ExportRecord") -> None:
    """Print size, latency and score of an export beside the original, the gate's verdict, and how it is used."""
    table = Table(box=None, padding=(0, 2))
    for column in ("", "MB", "one text, p50", "p95", record.metric):
        table.add_column(column, justify="right" if column else "left")
    for name, side in (("as it was trained", record.before), (record.backend, record.after)):
        times = (f"{milliseconds:.1f} ms" for milliseconds in (side.latency_p50, side.latency_p95))
        table.add_row(name, f"{side.megabytes:.2f}", *times, f"{side.score:.2f}")
    console.print(table)
    low, high = record.interval
    gain = record.after.score - record.before.score
    console.print(f"difference {gain:+.2f} (95 % between {low:+.2f} and {high:+.2f}) on {record.rows:,} test rows")
    if not record.passed:
        console.print(Text(f"not added to {model}: {record.why}", "yellow"), soft_wrap=True)
        return
    console.print(Text(f"added to {model}: {record.why}", "green"), soft_wrap=True)
    if record.advice:
        console.print(Text(f"! {record.advice}", "yellow"), soft_wrap=True)
    show_to_copy(console, ("try it", f'seqloom generate {model} --backend {record.backend} "…"'))
    if record.installed_by:
        show_to_copy(console, ("where it is loaded, besides requirements.txt", record.installed_by))


def show_report(console: Console, report: "BatchReport") -> None:
    """Print the result of a batch inference: throughput, failures, and how to read the output."""
    console.print(report.headline, style="bold")
    if report.failed:
        table = Table(title="Failed", title_justify="left", box=None, padding=(0, 2))
        table.add_column("row", justify="right", no_wrap=True)
        table.add_column("reason", overflow="fold")
        table.add_column("text", overflow="ellipsis", no_wrap=True, max_width=40, style="dim")
        for failure in report.failures[:SHOWN_FAILURES]:
            table.add_row(f"{failure['row']:,}", Text(str(failure["reason"])), Text(str(failure["text"])))
        console.print(table)
        show_to_copy(console, ("all of them", report.failures_file))
    if report.unsure_file:
        show_to_copy(console, ("to look at", report.unsure_file))
    show_to_copy(console, ("read it", f"pandas.read_parquet({report.folder!r})"))


def show_comparison(console: Console, comparison: "Comparison") -> None:
    """Print the candidates best first, caveats, and the next command."""
    table = Table(box=None, padding=(0, 1), title="Compared", title_justify="left", title_style="bold")
    shown = [column for column in comparison.rows[0] if any(row[column] for row in comparison.rows)]
    for column in shown:
        table.add_column(column, justify="left" if column in ("candidate", "note") else "right", overflow="fold")
    for number, row in enumerate(comparison.rows):
        cells = {**row, "candidate": row["candidate"].replace(" · ", "\n")}
        style = "bold green" if number < len(comparison.tied) else ""
        table.add_row(*(Text(cells[column]) for column in shown), style=style)
    console.print()
    console.print(table)
    console.print()
    if comparison.caution:
        console.print(Text(f"! {comparison.caution}", "yellow"))
    console.print(Text(comparison.headline, "bold"))
    figures = filter(None, (comparison.figure, comparison.length_figure))
    show_to_copy(console, *(("figure", figure) for figure in figures))
    show_to_copy(console, ("try it", f'seqloom generate {shell_word(comparison.best.checkpoint)} "…"'))


def show_study(console: Console, outcome: "StudyOutcome") -> None:
    """Print the trials of a search best first, the importance of fields, and the next commands."""
    table = Table(box=None, padding=(0, 1), title=f"Study {outcome.study}", title_justify="left", title_style="bold")
    shown = [column for column in outcome.rows[0] if any(row[column] for row in outcome.rows)]
    for column in shown:
        table.add_column(column, justify="left" if column == "note" else "right", overflow="fold")
    for number, row in enumerate(outcome.rows):
        table.add_row(*(Text(row[column]) for column in shown), style="bold green" if number == 0 else "")
    console.print()
    console.print(table)
    console.print()
    if outcome.importances:
        shares = ", ".join(f"{field} {share:.0%}" for field, share in outcome.importances.items())
        console.print(Text(f"What differs comes of {shares}"))
    console.print(Text(outcome.headline, "bold"))
    show_to_copy(
        console, *outcome.plots.items(), ("train the best", f"seqloom train {shell_word(outcome.recipe_file)}")
    )


def show_distillation(console: Console, report: "DistillationReport") -> None:
    """Print what a teacher's answers came to, and how they are learned from."""
    console.print(Text(report.headline, "bold"))
    for reason, rows in report.dropped.items():
        console.print(Text(f"  {rows:,} left out: {reason}"))
    source = source_of_pairs("teacher", report.pairs_file)
    show_to_copy(console, ("in a recipe, to learn from them", f"corpus: {{sources: [{source}]}}"))


def show_clean_up(console: Console, done: "CleanUp") -> None:
    """Print what is removed and what is kept, a row a stage."""
    if done.shares:
        table = Table(box=None, padding=(0, 2))
        for column in ("stage", "going", "space", "kept"):
            table.add_column(column, justify="right" if column in ("going", "space") else "left")
        for share in done.shares:
            table.add_row(*(str(cell) for cell in share.row.values()))
        console.print(table)
        console.print()
    console.print(done.headline, style="bold", highlight=False)
    if done.folders and not done.deleted:
        show_to_copy(console, ("remove them", f"seqloom clean-up --days {done.days} --delete"))


def show_recipe(console: Console, recipe: "Recipe") -> None:
    """Print the fields that differ from their defaults, and the task."""
    table = Table(title=f"Recipe {recipe.name}", title_justify="left", box=None, padding=(0, 2), show_header=False)
    for section, fields in {"task": recipe.task, **recipe.model_dump(exclude={"name"}, exclude_defaults=True)}.items():
        values = fields.items() if isinstance(fields, dict) else [("", fields)]
        for field, value in values:
            shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            table.add_row(Text(f"{section}.{field}".rstrip("."), "bold"), Text(shown))
    console.print(table)
    console.print(Text("  Every other field has its default; --json prints them all.", "dim"))
    console.print()
