"""Command explain: which words of a text an answer is from."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.permissions import output_file
from seqloom.cli.generate_commands import DecodingOverrides, ModelName, decoding_of
from seqloom.cli.stdio import AsJson, console_for, print_json
from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.decoding.explanation import Explanation

commands = typer.Typer()
SHOWN = 3  # source tokens beside a token of the answer


@commands.command()
def explain(
    model: ModelName,
    text: Annotated[str, typer.Argument(help="The text that was asked.")],
    label: Annotated[str, typer.Option("--label", help="Why this label would be given, instead of the best.")] = "",
    to: Annotated[Path | None, typer.Option("--to", help="HTML page for the whole map of tokens.")] = None,
    override: DecodingOverrides = None,
    as_json: AsJson = False,
) -> None:
    """Show what an answer is from: the source words of each word of it, or the words that decided a label.

    By attention where the model has it, else by integrated gradients.
    """
    if to and to.suffix not in (".html", ".htm"):
        raise UserError(f"--to {to}: is an HTML page; call it {to.name}.html")
    if to:
        output_file(to)
    from seqloom.decoding.explanation import explain as explained
    from seqloom.decoding.generator_loader import load_generator
    from seqloom.registry.checkpoint_folder import find_checkpoint

    generator = load_generator(find_checkpoint(model, home_folder()))
    generator.decoding = decoding_of(generator, override)
    found = explained(generator, text, label)
    if to:
        from seqloom.reports.answer_report import answer_report

        to.write_text(answer_report(model, text, found), encoding="utf-8")
    _show(console_for(as_json), found, to)
    if as_json:
        print_json({"model": model, "text": text, **vars(found)})


def _show(console: Console, found: "Explanation", to: Path | None) -> None:
    console.print(Text(found.answer or "(an empty answer)", "bold"))
    if found.known is not None:
        console.print(Text(f"This is what the model alone would answer; memory or rules come first: {found.known}"))
    if found.is_label:
        console.print(_shaded(found))
        console.print(Text(f"Green speaks for {found.target[0]}, red against it, by {found.method}.", "dim"))
    else:
        for token, weights in zip(found.target, found.weights, strict=True):
            strongest = sorted(zip(weights, found.source, strict=True), key=lambda pair: -pair[0])[:SHOWN]
            beside = ", ".join(f"{name} {weight:.2f}" for weight, name in strongest)
            console.print(Text(f"{token:>16}  ← {beside}"))
        console.print(Text(f"By {found.method}: the {SHOWN} strongest source tokens of each token.", "dim"))
    if to:
        console.print(Text(f"The whole map: {to}"))


def _shaded(found: "Explanation") -> Text:
    """Return the source tokens, colored by what they speak for."""
    weights = found.by_token
    most = max(map(abs, weights), default=0.0) or 1.0
    shown = Text()
    for token, weight in zip(found.source, weights, strict=True):
        share = weight / most
        color = "green" if share > 0 else "red"
        style = f"bold {color}" if abs(share) > 0.5 else color if abs(share) > 0.15 else "dim"
        shown.append(f"{token} ", style)
    return shown
