"""The commands that look into the registry and act on it: history, promote, rollback, show, export."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markdown import Markdown
from rich.text import Text

from flows.commands.printing import AsJson, print_json
from seqloom.artifact.home import home_folder

if TYPE_CHECKING:
    from seqloom.registry.moves import Move

commands = typer.Typer()

SAID = {
    "registered": "registered",
    "champion": "became champion",
    "refused": "refused",
    "declined": "declined",
    "waiting": "left waiting for approval",
}


class Form(StrEnum):
    """What a model can be exported to."""

    ctranslate2 = "ctranslate2"


class Quantization(StrEnum):
    """How many bits a weight has."""

    none = "none"
    int8 = "int8"


COLOURS = {"champion": "bold green", "refused": "yellow", "declined": "yellow", "waiting": "yellow"}

Name = Annotated[str, typer.Argument(help="Name of a registered model, such as tickets-en-de.")]
Why = Annotated[str, typer.Option("--why", help="The reason, in a sentence: it is kept for those who ask later.")]


@commands.command()
def history(name: Name, as_json: AsJson = False) -> None:
    """What was registered, judged and promoted under a name, and why."""
    from seqloom.registry.history import history as events_of
    from seqloom.registry.lookup import open_model

    events = events_of(open_model(name, home_folder()), name)
    if as_json:
        print_json({"model": name, "events": [asdict(event) for event in events]})
        return
    for event in events:
        line = Text(f"{event.when[:16].replace('T', ' ')}  version {event.version} ")
        line.append(SAID[event.what], COLOURS.get(event.what, ""))
        line.append(f" in place of version {event.instead_of}" if event.what == "champion" and event.instead_of else "")
        line.append(f" by {event.by}", "dim")
        line.append(f": {event.why}" if event.why else "")
        Console().print(line, soft_wrap=True)


@commands.command()
def promote(
    name: Name, version: Annotated[int, typer.Argument(min=1, help="Its number.")], why: Why, as_json: AsJson = False
) -> None:
    """Make a version the champion by hand."""
    from seqloom.registry import moves
    from seqloom.registry.lookup import open_model

    _tell(name, moves.promote(open_model(name, home_folder()), name, version, why, home_folder()), as_json)


@commands.command()
def rollback(name: Name, why: Why, as_json: AsJson = False) -> None:
    """Make the version that was champion before the champion again; the gate refuses the one that is left."""
    from seqloom.registry import moves
    from seqloom.registry.lookup import open_model

    _tell(name, moves.rollback(open_model(name, home_folder()), name, why, home_folder()), as_json)


@commands.command()
def show(
    model: Annotated[str, typer.Argument(help="models:/NAME@ALIAS or models:/NAME/VERSION.")], as_json: AsJson = False
) -> None:
    """The card of a version: what it is for, how good it is, where it comes from, and how to call it."""
    from seqloom.registry.card import read_card

    card = read_card(model, home_folder())
    if as_json:
        print_json(card.as_json())
    elif Console().is_terminal:
        Console().print(Markdown(card.text))
    else:
        print(card.text)


@commands.command()
def export(
    model: Annotated[str, typer.Argument(help="models:/NAME@ALIAS, models:/NAME/VERSION or a checkpoint folder.")],
    form: Annotated[Form, typer.Option("--format", help="ctranslate2: for Transformers, several times faster.")],
    quantization: Annotated[Quantization, typer.Option(help="Numbers of the weights.")] = Quantization.none,
    to: Annotated[Path | None, typer.Option("--to", help="Folder to write; it may not exist yet.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write a model in a form that is fast on a CPU; `seqloom generate FOLDER` runs it."""
    assert form is Form.ctranslate2, "there is no other"
    from seqloom.registry.exports import export_model

    made = export_model(model, home_folder(), quantization.value, to)
    if as_json:
        print_json(asdict(made))
        return
    print(f"{made.folder}: {made.megabytes:.1f} MB, the version itself {made.megabytes_before:.1f} MB")
    if made.rows:
        low, high = made.interval
        print(
            f"{made.metric} {made.score:.2f} on {made.rows:,} test rows, before {made.score_before:.2f} (difference "
            f"{low:+.2f} to {high:+.2f}); one text in {made.latency_p95:.1f} ms, before {made.latency_p95_before:.1f} "
            "ms (95 of 100 times)"
        )
    print(f'try it: seqloom generate {made.folder} "…"')


def _tell(name: str, move: "Move", as_json: bool) -> None:
    if as_json:
        print_json({"model": name, **asdict(move)})
    else:
        before = f", and not version {move.origin} any more" if move.origin else ""
        print(f"models:/{name}@champion is version {move.to}{before}")
