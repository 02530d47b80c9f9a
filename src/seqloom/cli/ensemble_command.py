"""Command ensemble: several versions as one model."""

from pathlib import Path
from typing import Annotated

import typer

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.stdio import console_for
from seqloom.cli.terminal import show_to_copy
from seqloom.errors import UserError

commands = typer.Typer()


@commands.command()
def ensemble(
    models: Annotated[
        list[str], typer.Argument(metavar="MODEL...", help="Versions or checkpoint folders of one vocabulary.")
    ],
    to: Annotated[Path, typer.Option("--to", help="Folder for the ensemble; it must not exist.")],
) -> None:
    """Write versions that answer together, by the mean of their probabilities, to one folder: a model like any."""
    console = console_for(as_json=False)
    if len(models) < 2:
        raise UserError("an ensemble has two members at least: name another version")
    from seqloom.decoding.ensemble_loader import export_ensemble
    from seqloom.registry.checkpoint_folder import find_checkpoint

    export_ensemble([find_checkpoint(each, home_folder()) for each in models], models, to)
    console.print(f"{len(models)} versions answer together in {to}", soft_wrap=True)
    show_to_copy(console, ("ask it", f'seqloom generate {to} "some text"'))
