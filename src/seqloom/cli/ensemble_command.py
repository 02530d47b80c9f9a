"""Command ensemble: several versions as one model, registered or in a folder."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.console import Console

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.stdio import AsJson, console_for, print_json
from seqloom.cli.terminal import show_to_copy
from seqloom.errors import UserError
from seqloom.shell_command import shell_word
from seqloom.stack.server_addresses import in_words

if TYPE_CHECKING:
    from tasks.outcome import Outcome

commands = typer.Typer()

_REGISTERED = "models:/"


@commands.command()
def ensemble(
    models: Annotated[
        list[str],
        typer.Argument(metavar="MODEL...", help="Versions of one vocabulary; for a folder also checkpoint folders."),
    ],
    to: Annotated[
        str,
        typer.Option(
            "--to", metavar="NAME", help="Name to register it under; or a folder that does not exist, such as ./NAME."
        ),
    ],
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--override",
            "-o",
            metavar="SECTION.FIELD=VALUE",
            help="Change how it is searched for and judged, such as registry.policy=not-worse. Repeatable.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Versions that answer together, by the mean of their probabilities: a version past the gate, or a folder."""
    console = console_for(as_json)
    if to.startswith(_REGISTERED) or not _is_path(to):
        _register(console, models, to.removeprefix(_REGISTERED), override or [], as_json)
    elif override:
        raise UserError(
            "--override is for an ensemble that is registered, and a folder is judged by nobody: leave it out"
        )
    else:
        _write(console, models, Path(to), as_json)


def _is_path(to: str) -> bool:
    return os.sep in to or to in (".", "..") or bool(os.altsep and os.altsep in to)


def _write(console: Console, models: list[str], to: Path, as_json: bool) -> None:
    from seqloom.decoding.ensemble_loader import export_ensemble
    from seqloom.registry.checkpoint_folder import find_checkpoint

    export_ensemble([find_checkpoint(each, home_folder()) for each in models], models, to)
    console.print(f"{len(models)} versions answer together in {to}", soft_wrap=True)
    show_to_copy(console, ("ask it", f'seqloom generate {shell_word(str(to))} "some text"'))
    if as_json:
        print_json({"folder": str(to), "members": models})


def _register(console: Console, models: list[str], name: str, override: list[str], as_json: bool) -> None:
    """Run the flow, once everything that needs no run is known to be right."""
    from seqloom.registry.ensemble_members import plan_ensemble
    from seqloom.registry.mlflow_access import require_mlflow
    from seqloom.stack.embedded_prefect import use_embedded_prefect

    home = home_folder()
    members = plan_ensemble(models, name, override, home).members  # an alias may move meanwhile
    servers = in_words(home)
    server = use_embedded_prefect(home)
    require_mlflow(home, name)
    from flows.ensemble_version import ensemble_version  # imports Prefect
    from seqloom.cli.progress_bars import TerminalAudience
    from seqloom.cli.terminal import show_card
    from tasks.progress_artifacts import audience

    console.print(servers, style="dim", highlight=False, soft_wrap=True)
    watcher = TerminalAudience(console)
    audience.set(watcher)
    if server:
        server.wait()
    with watcher.live():
        outcome = cast("Outcome", ensemble_version(tuple(each.uri for each in members), name, tuple(override)))
    show_card(console, outcome, home)
    if as_json:
        print_json(outcome.as_json())
