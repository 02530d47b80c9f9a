"""Commands on the registry: history, promote, rollback, show, export, verify, seal."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.stdio import AsJson, console_for, print_json
from seqloom.errors import UserError
from seqloom.shell_command import shell_word

if TYPE_CHECKING:
    from seqloom.decoding.checkpoint_export import ExportBackend
    from seqloom.registry.promotion import Promotion

commands = typer.Typer()

SAID = {
    "registered": "registered",
    "champion": "became champion",
    "refused": "refused",
    "declined": "declined",
    "to forget": "has to forget",
    "waiting": "left waiting for approval",
}


class Engine(StrEnum):
    """Engines that a model can be exported for."""

    ctranslate2 = "ctranslate2"
    torch = "torch"


class Quantization(StrEnum):
    """Number formats of weights."""

    none = "none"
    int8 = "int8"


COLORS = {"champion": "bold green", "refused": "yellow", "declined": "yellow", "waiting": "yellow", "to forget": "red"}

Name = Annotated[str, typer.Argument(help="Name of a registered model, such as tickets-en-de.")]
Why = Annotated[str, typer.Option("--why", help="The reason, in a sentence: it is kept for those who ask later.")]


Version = Annotated[str, typer.Argument(help="models:/NAME@ALIAS or models:/NAME/VERSION.")]


@commands.command()
def history(name: Name, as_json: AsJson = False) -> None:
    """The registrations, verdicts and promotions under a name, and the reason of each."""
    from seqloom.registry.model_history import history as events_of
    from seqloom.registry.model_uri import open_model

    events = events_of(open_model(name, home_folder()), name)
    if as_json:
        print_json({"model": name, "events": [asdict(event) for event in events]})
        return
    for event in events:
        line = Text(f"{event.when[:16].replace('T', ' ')}  version {event.version} ")
        line.append(SAID[event.what], COLORS.get(event.what, ""))
        line.append(f" in place of version {event.instead_of}" if event.what == "champion" and event.instead_of else "")
        line.append(f" by {event.by}", "dim")
        line.append(f": {event.why}" if event.why else "")
        Console().print(line, soft_wrap=True)


@commands.command()
def promote(
    name: Name, version: Annotated[int, typer.Argument(min=1, help="Its number.")], why: Why, as_json: AsJson = False
) -> None:
    """Make a version the champion by hand."""
    from seqloom.registry import promotion
    from seqloom.registry.model_uri import open_model

    _print_promotion(
        name, promotion.promote(open_model(name, home_folder()), name, version, why, home_folder()), as_json
    )


@commands.command()
def rollback(name: Name, why: Why, as_json: AsJson = False) -> None:
    """Make the version that was champion before the champion again; the gate refuses the one that is left."""
    from seqloom.registry import promotion
    from seqloom.registry.model_uri import open_model

    _print_promotion(name, promotion.rollback(open_model(name, home_folder()), name, why, home_folder()), as_json)


@commands.command()
def show(model: Version, as_json: AsJson = False) -> None:
    """The card of a version: what it is for, how good it is, where it comes from, and how to call it."""
    from seqloom.registry.model_card import read_card

    card = read_card(model, home_folder())
    if as_json:
        print_json(card.as_json())
    elif Console().is_terminal:
        from rich.markdown import Markdown  # a parser and colored code, a tenth of a second

        Console().print(Markdown(card.text))
    else:
        print(card.text)


@commands.command()
def export(
    model: Annotated[str, typer.Argument(help="models:/NAME@ALIAS, models:/NAME/VERSION or a checkpoint folder.")],
    engine: Annotated[
        Engine, typer.Option("--format", help="ctranslate2: for Transformers, mostly faster; torch: for all.")
    ],
    quantization: Annotated[Quantization, typer.Option(help="Numbers of the weights.")] = Quantization.none,
    to: Annotated[
        Path | None, typer.Option("--to", help="Write a folder and leave the version as it is; it may not exist yet.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Add a backend, smaller or faster on a CPU, to a version if it holds the gate's rules; or write a folder."""
    console = console_for(as_json)
    from seqloom.cli.progress_bars import TerminalAudience
    from seqloom.cli.terminal import show_export
    from seqloom.registry import exported_versions

    backend = _backend(engine, quantization)
    if to or not model.startswith("models:"):
        folder = exported_versions.export_folder(model, home_folder(), backend, to)
        if as_json:
            print_json({"backend": backend, "folder": str(folder)})
        else:
            print(f"{folder} is written, not judged by anybody; try it:")
            print(f'seqloom generate {shell_word(str(folder))} "…"')
        return
    watcher = TerminalAudience(console)
    with watcher.live():
        record = exported_versions.export_version(model, home_folder(), backend, watcher.progress("export"))
    show_export(console, model, record)
    if as_json:
        print_json({"model": model, **asdict(record)})


@commands.command()
def verify(
    model: Version,
    to: Annotated[
        Path | None, typer.Option("--to", help="Copy it there, whole, to be served from there; it may not exist yet.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare every file of a version with what was registered, before anything of it is run."""
    from seqloom.registry.verification import verify_version

    found = verify_version(model, home_folder(), to)
    if as_json:
        print_json(asdict(found))
    else:
        copy = f", and copied to {found.folder}" if found.folder else ""
        print(f"{found.uri} is what was registered, {found.signed}: {found.digest}{copy}")


@commands.command()
def seal(model: Version, as_json: AsJson = False) -> None:
    """Take a version as it is: write its digest to the registry, and sign it where SEQLOOM_SIGNING_KEY is set."""
    from seqloom.registry.verification import seal_as_it_is

    sealed = seal_as_it_is(model, home_folder())
    if as_json:
        print_json(asdict(sealed))
    else:
        print(f"{sealed.uri} is sealed, {sealed.signed}: {sealed.digest}")


def _backend(engine: Engine, quantization: Quantization) -> "ExportBackend":
    from seqloom.decoding.checkpoint_export import EXPORT_BACKENDS

    wanted = engine.value if quantization is Quantization.none else f"{engine.value}-{quantization.value}"
    for backend in EXPORT_BACKENDS:
        if backend == wanted:
            return backend
    raise UserError("--format torch is what a model is already: add --quantization int8")


def _print_promotion(name: str, move: "Promotion", as_json: bool) -> None:
    if as_json:
        print_json({"model": name, **asdict(move)})
    else:
        before = f", and not version {move.origin} any more" if move.origin else ""
        print(f"models:/{name}@champion is version {move.to}{before}")
