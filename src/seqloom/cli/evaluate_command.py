"""Command evaluate: the scores of any model on any file with references."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.permissions import output_file
from seqloom.cli.generate_commands import Backend, DecodingOverrides, ModelName, Together, decoding_of, load_models
from seqloom.cli.stdio import AsJson, console_for, print_json
from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.evaluation.file_evaluation import FileEvaluation

SHOWN_PROBLEMS = 5  # rows that were left out
SHOWN_EDITS = 3  # that hurt most

commands = typer.Typer()

Files = Annotated[
    list[str],
    typer.Argument(metavar="FILE...", help="A file of pairs in any format, or a file of sources and one of targets."),
]
CorpusFields = Annotated[
    list[str] | None,
    typer.Option(
        "--corpus",
        metavar="FIELD=VALUE",
        help="How the files are read, as in the recipe's corpus, such as source_column=en. Repeatable.",
    ),
]
SliceBy = Annotated[
    list[str] | None,
    typer.Option("--slice-by", metavar="COLUMN", help="Column of FILE whose values make slices. Repeatable."),
]
Adversarial = Annotated[
    int,
    typer.Option(
        "--adversarial",
        metavar="BUDGET",
        min=0,
        max=10_000,
        help="Ask so many texts for each of 30 rows, and find the edit of 2 characters at most that hurts most.",
    ),
]
RowsFile = Annotated[Path | None, typer.Option("--to", help="Parquet file for each row's answer and quality.")]


@commands.command()
def evaluate(
    model: ModelName,
    files: Files,
    field: CorpusFields = None,
    slice_by: SliceBy = None,
    adversarial: Adversarial = 0,
    to: RowsFile = None,
    backend: Backend = "torch",
    together: Together = None,
    override: DecodingOverrides = None,
    as_json: AsJson = False,
) -> None:
    """Score a model on files that it has not seen: no training, nothing is registered."""
    console = console_for(as_json)
    if len(files) > 2:
        raise UserError("evaluate takes one file of pairs, or a file of sources and one of targets; a pattern is one")
    if to and to.suffix != ".parquet":
        raise UserError(f"--to {to}: is a Parquet file; call it {to.name}.parquet")
    if to:
        output_file(to)
    from seqloom.cli.progress_bars import TerminalAudience
    from seqloom.evaluation.eval_rows import read_test_rows, section_of_files
    from seqloom.evaluation.file_evaluation import evaluate_rows
    from seqloom.recipe.recipe_json import read_recipe
    from seqloom.recipe.recipe_rules import typo_obstacle
    from seqloom.training.device import choose_device

    home = home_folder()
    checkpoint, generator = load_models(model, together, backend)
    recipe = read_recipe(checkpoint)
    if adversarial and (why := typo_obstacle(recipe)):
        raise UserError(f"--adversarial searches for typos that hurt, and {why}: leave it out")
    generator.decoding = decoding_of(generator, override)
    generator.memory = None  # what is scored is the model
    of_any_length = generator.decoding.long_texts == "sentences"
    section = section_of_files(recipe, files, field or [], of_any_length)
    rows = read_test_rows(section, home, generator.keeps_whitespace, slice_by or ())
    generator.backend.move(choose_device("auto"))
    corpora = _training_corpora([model, *(together or [])], home)
    watcher = TerminalAudience(console)
    with watcher.live():
        progress = watcher.progress("evaluation")
        found = evaluate_rows(recipe, generator, rows, corpora, progress, adversarial)
    if to:
        found.table.to_parquet(to, index=False)
    named = " with ".join([model, *(together or [])])
    _show(console, named, found, to)
    if as_json:
        print_json({"model": named, **found.as_json()})


def _training_corpora(models: list[str], home: Path) -> list[Path]:
    """Return what models learned from, that answer together; none if one of it is not on this machine."""
    if not all(model.startswith("models:") for model in models):
        return []
    from seqloom.registry.training_corpus import training_corpora  # MLflow: seconds

    found = [corpus for model in models for corpus in training_corpora(model, home)]
    known = list(dict.fromkeys(corpus for corpus in found if corpus))
    return known if None not in found else []


def _show(console: Console, model: str, found: "FileEvaluation", to: Path | None) -> None:
    """Print scores with their intervals, slices, contamination, and what was left out."""
    from seqloom.recipe.applications import application_of

    application = application_of(found.task)
    known = {measure.name: measure for measure in application.metrics}
    scores = Table(
        title=f"{model} on {found.rows:,} {application.rows}", title_justify="left", box=None, padding=(0, 2)
    )
    for column in ("score", "value", "95 % interval"):
        scores.add_column(column, justify="left" if column == "score" else "right")
    for each in found.scores:
        measure = known[each.name]
        interval = " to ".join(map(measure.shown, each.interval)) if each.interval else ""
        scores.add_row(measure.label, measure.shown(each.value), interval)
    console.print(scores)
    if found.slices:
        slices = Table("slice", "rows", known[found.metric].label, box=None, padding=(0, 2))
        for part in found.slices:
            slices.add_row(Text(part.name), f"{part.rows:,}", known[found.metric].shown(part.value))
        console.print(slices)
    for sentence in _remarks(found, to):
        console.print(Text(sentence), soft_wrap=True)


def _remarks(found: "FileEvaluation", to: Path | None) -> Iterator[str]:
    """Yield a sentence on contamination, BERTScore, constraints, rows that were left out and where the answers are."""
    from seqloom.evaluation.adversarial_summary import describe_adversarial
    from seqloom.evaluation.answer_constraints import describe_constraints
    from seqloom.evaluation.bertscore_summary import describe_bertscore
    from seqloom.evaluation.contamination_summary import describe_contamination
    from seqloom.recipe.applications import application_of

    application = application_of(found.task)
    if found.in_training is None:
        yield "The training text is not on this machine: nobody looked for these rows in it."
    else:
        yield describe_contamination(found.contamination, application.judged[found.metric], application.rows)
    if found.bertscore:
        yield f"{describe_bertscore(found.bertscore)}."
    if found.bertscore_missing:
        yield f"BERTScore was left out: {found.bertscore_missing}"
    yield from describe_constraints(found.constraints)
    if found.adversarial:
        yield describe_adversarial(found.adversarial, application.acceptable_words)
        for each in found.adversarial["listed"][:SHOWN_EDITS]:
            yield f"  {each['source']} → {each['edited']}: {each['answer']} → {each['edited_answer'] or '(empty)'}"
    if found.unreadable:
        more = len(found.unreadable) - SHOWN_PROBLEMS
        shown = "; ".join(found.unreadable[:SHOWN_PROBLEMS]) + (f"; and {more:,} more" if more > 0 else "")
        yield f"Left out: {shown}"
    if to:
        yield f"Each row's answer: {to}"
