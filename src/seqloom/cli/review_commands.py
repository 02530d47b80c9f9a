"""Commands on what was asked: how far it drifted, which answers to correct, and corrections to learn from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.permissions import output_file
from seqloom.cli.generate_commands import Backend, ModelName
from seqloom.cli.stdio import AsJson, console_for, in_chunks, print_json
from seqloom.shell_command import shell_word

if TYPE_CHECKING:
    from collections.abc import Callable

    from seqloom.decoding.generator import Generator
    from seqloom.feedback.review_sample import AskedRow
    from seqloom.registry.model_drift import ModelDrift

AT_ONCE = 1024  # texts decoded together
commands = typer.Typer()
Log = Annotated[Path, typer.Option("--log", help="The request log: a folder of seqloom serve --log, or a file.")]


@commands.command()
def review(
    model: ModelName,
    log: Log,
    to: Annotated[Path, typer.Option("--to", help="CSV file for the rows to correct.")],
    rows: Annotated[int, typer.Option("--rows", min=1, help="How many rows.")] = 100,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Of the random rows.")] = 1,
    backend: Backend = "torch",
) -> None:
    """Write the answers a person should correct: the least sure, the most unlike training, and a random control."""
    console = console_for(as_json=False)
    from seqloom.cli.terminal import show_to_copy
    from seqloom.decoding.generator_loader import load_generator
    from seqloom.feedback.asked_texts import read_asked
    from seqloom.feedback.review_file import write_review
    from seqloom.feedback.review_sample import WHYS, choose_rows
    from seqloom.registry.checkpoint_folder import find_checkpoint

    output_file(to)
    asked = read_asked(log)
    generator = load_generator(find_checkpoint(model, home_folder(), backend))
    chosen = choose_rows(_answered(generator, list(asked), model), rows, seed)
    write_review(chosen, to)
    counts = ", ".join(f"{sum(row.why == why for row in chosen)} {why}" for why in WHYS)
    console.print(f"{len(chosen):,} of {len(asked):,} texts that were asked: {counts}", soft_wrap=True)
    command = f"seqloom corrections {shell_word(str(to))} --log {shell_word(str(log))} --to corrections.jsonl"
    show_to_copy(console, ("fill in its column target", str(to)), ("then", command))


@commands.command()
def corrections(
    file: Annotated[Path, typer.Argument(help="The file of seqloom review, with its column target filled in.")],
    log: Log,
    to: Annotated[Path, typer.Option("--to", help="JSONL file of corrections to add to; a source of a recipe.")],
) -> None:
    """Add corrected answers to a corpus of corrections, from which the next training learns."""
    console = console_for(as_json=False)
    from seqloom.cli.terminal import show_to_copy
    from seqloom.feedback.asked_texts import read_asked
    from seqloom.feedback.review_file import add_corrections, read_corrections
    from seqloom.recipe.pair_source import source_of_pairs

    pairs = read_corrections(file, read_asked(log))
    output_file(to)
    total = add_corrections(pairs, to)
    console.print(f"{len(pairs):,} corrections, {total:,} in {to}", soft_wrap=True)
    source = source_of_pairs("corrections", to, weight=3, test_share=0.3)
    show_to_copy(console, ("in a recipe, to learn from them", f"corpus: {{sources: [{source}]}}"))


@commands.command()
def drift(
    model: ModelName,
    log: Log,
    answers: Annotated[
        int,
        typer.Option("--answers", min=0, help="Texts of each side it answers to compare its confidence; 0: none."),
    ] = 300,
    as_json: AsJson = False,
) -> None:
    """Compare what was asked with what a version learned from: lengths, words, labels and confidence."""
    console = console_for(as_json)
    from seqloom.registry.model_drift import drift_of_model

    found = drift_of_model(model, log, answers, home_folder())
    _show_drift(console, found)
    if as_json:
        print_json(found.as_json())


def _show_drift(console: Console, drift: "ModelDrift") -> None:
    table = Table(box=None, padding=(0, 2))
    for column in ("", "PSI", "by chance", "learned", "asked"):
        table.add_column(column, justify="right" if column in ("PSI", "by chance") else "left", overflow="fold")
    for each in drift.scores:
        cells = (each.name, f"{each.index:.3f}", f"{each.by_chance:.3f}", each.expected, each.found)
        table.add_row(*map(Text, cells), style="bold yellow" if each in drift.moved else "")
    if drift.scores:
        console.print(table)
    console.print(Text(drift.headline, "bold"), soft_wrap=True)


def _answered(generator: "Generator", texts: list[str], model: str) -> "list[AskedRow]":
    """Return each text with the model's answer, how sure it is, and how unlike its training the text is."""
    from seqloom.feedback.review_sample import AskedRow

    novelty = _novelty(model)
    rows: list[AskedRow] = []
    for chunk in in_chunks(texts, AT_ONCE):
        answers = generator.answer(list(chunk), generator.decoding)
        rows += [
            AskedRow(text, found[0].text, found[0].score, round(novelty(text), 4), found[0].confidence)
            for text, found in zip(chunk, answers, strict=True)
        ]
    return rows


def _novelty(model: str) -> "Callable[[str], float]":
    """Return what tells how unlike its training a text is; always 0 where that text is not on this machine."""
    from seqloom.corpus.corpus_files import iterate_split
    from seqloom.feedback.novelty import Novelty
    from seqloom.registry.training_corpus import training_corpora

    found = training_corpora(model, home_folder()) if model.startswith("models:/") else [None]
    folders = [each for each in found if each]
    if len(folders) < len(found):
        return lambda _: 0.0
    parts = (part for folder in folders for part in iterate_split(folder, "train", ["source"]))
    return Novelty(text for part in parts for text in part["source"]).of
