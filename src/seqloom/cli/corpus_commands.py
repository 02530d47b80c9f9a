"""Command corpus preview: what the normalizers of a recipe would change and its filters drop, before anything runs."""

from dataclasses import asdict
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.stdio import AsJson, console_for, print_json
from seqloom.cli.train_commands import Overrides, RecipeFile

if TYPE_CHECKING:
    from seqloom.corpus.filter_preview import FilterOutcome, FilterPreview

SHOWN = 100  # characters of a text in a table
group = typer.Typer(no_args_is_help=True, help="The text of a recipe.")


@group.callback()
def _corpus() -> None:
    """Keep the name of the only command below."""


@group.command()
def preview(
    recipe: RecipeFile,
    override: Overrides = None,
    rows: Annotated[int, typer.Option("--rows", min=1, help="Rows of the training files, from the first on.")] = 10_000,
    as_json: AsJson = False,
) -> None:
    """Try the normalizers and filters of a recipe, or the usual filters if it has none, on its first rows."""
    console = console_for(as_json)
    from seqloom.corpus.filter_preview import preview_filters
    from seqloom.corpus.sources import locate
    from seqloom.recipe.recipe_loader import load_recipe
    from seqloom.recipe.usual_filters import usual_filters

    checked = load_recipe(recipe, override or [])
    section, usual = checked.corpus, [] if checked.corpus.filters else usual_filters(checked)
    if usual:
        section = section.model_copy(update={"filters": usual})
    found = preview_filters(section, locate(section, home_folder()), rows)
    _show(console, found, usual)
    if as_json:
        filters = {"filters": list(section.filters), "suggested": bool(usual)}
        outcomes = [asdict(outcome) for outcome in found.outcomes]
        told = {"read": found.read, "kept": found.kept, "normalized": found.normalized.as_json()}
        print_json({**told, **filters, "outcomes": outcomes})


def _show(console: Console, found: "FilterPreview", usual: list[str]) -> None:
    if usual:
        sentence = "The recipe has no filters; these are the usual ones for its task, to be chosen from:"
        console.print(sentence, Text(f"corpus.filters: [{', '.join(usual)}]"), sep="\n", soft_wrap=True)
        console.print()
    if found.normalized.rows:
        console.print(_changes(found))
        console.print()
    console.print(_table(found))
    console.print()
    for outcome in found.outcomes:
        if outcome.examples:
            console.print(_examples(outcome))
            console.print()
    share = found.kept / found.read if found.read else 0.0
    console.print(f"{found.kept:,} of the first {found.read:,} rows of train are kept ({share:.1%}).")


def _changes(found: "FilterPreview") -> Table:
    table = Table(title="Changed by the normalizers", title_justify="left", box=None, padding=(0, 2))
    table.add_column("normalizer", overflow="fold")
    table.add_column("rows", justify="right")
    for column in ("before", "after", "place"):
        table.add_column(column, overflow="fold")
    for name, count in found.normalized.rows.most_common():
        cells = [name, f"{count:,}"]
        for change in found.normalized.examples[name]:
            place = f"{PurePath(change.file).name} line {change.line}"
            table.add_row(*map(Text, [*cells, change.before[:SHOWN], change.after[:SHOWN], place]))
            cells = ["", ""]
        if any(cells):  # no example may be shown
            table.add_row(*map(Text, cells))
    return table


def _table(found: "FilterPreview") -> Table:
    table = Table(title="Filter by filter", title_justify="left", box=None, padding=(0, 2))
    table.add_column("filter", overflow="fold")
    for column in ("before", "dropped", "share", "after", "alone"):
        table.add_column(column, justify="right", no_wrap=True)
    for outcome in found.outcomes:
        share = f"{outcome.dropped / outcome.before:.1%}" if outcome.before else ""
        numbers = (outcome.before, outcome.dropped, outcome.before - outcome.dropped, outcome.alone)
        before, dropped, after, alone = (f"{number:,}" for number in numbers)
        table.add_row(Text(outcome.name), before, dropped, share, after, alone)
    return table


def _examples(outcome: "FilterOutcome") -> Table:
    table = Table(title=Text(f"Dropped by {outcome.name}"), title_justify="left", box=None, padding=(0, 2))
    for column in ("source", "target", "why", "place"):
        table.add_column(column, overflow="fold")
    for example in outcome.examples:
        place = f"{PurePath(str(example['file'])).name} line {example['line']}"
        cells = (str(example[name])[:SHOWN] for name in ("source", "target", "problem"))
        table.add_row(*map(Text, cells), Text(place))
    return table
