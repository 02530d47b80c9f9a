"""Commands of operations: up, deploy, worker, clean-up."""

import os
import sys
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.stdio import AsJson, console_for, is_terminal, print_json
from seqloom.errors import UserError

commands = typer.Typer()


@commands.command()
def up(
    prefect_port: Annotated[int, typer.Option(envvar="SEQLOOM_PREFECT_PORT", min=1, max=65535)] = 4200,
    mlflow_port: Annotated[int, typer.Option(envvar="SEQLOOM_MLFLOW_PORT", min=1, max=65535)] = 5000,
    mlflow_password: Annotated[
        bool,
        typer.Option(
            envvar="SEQLOOM_MLFLOW_ASKS", help="MLflow asks for the password too, where others use this machine."
        ),
    ] = False,
) -> None:
    """Start Prefect, MLflow and workers on this machine, with every deployment of prefect.yaml, until Ctrl-C."""
    from seqloom.stack.layout import Layout
    from seqloom.stack.password import auth_string
    from seqloom.stack.supervisor import up as keep_up

    home, database_url = home_folder(), os.environ.get("SEQLOOM_DATABASE_URL", "")
    home.mkdir(parents=True, exist_ok=True)
    layout = Layout(home, prefect_port, mlflow_port, database_url, auth_string(home), mlflow_password)
    keep_up(layout, partial(print, flush=True))


@commands.command()
def deploy(
    examples: Annotated[
        bool, typer.Option("--examples", help="Deploy what comes with Seqloom, not a prefect.yaml of this folder.")
    ] = False,
    gpus: Annotated[
        int | None, typer.Option(min=1, help="Runs that may hold a GPU at once; by default one for each GPU here.")
    ] = None,
    silence: Annotated[
        int,
        typer.Option(
            envvar="SEQLOOM_SILENCE_SECONDS", min=31, help="Seconds without a heartbeat until a run has crashed."
        ),
    ] = 180,
    as_json: AsJson = False,
) -> None:
    """Give the server of PREFECT_API_URL what Seqloom needs, as `up` does: pools, the GPU limit, deployments."""
    _need_prefect()
    from seqloom.stack.provision import example_deployments, own_deployments, provision

    file = example_deployments() if examples else own_deployments()
    if file is None:
        _offer_examples()
        file = example_deployments()
    provisioned = provision(file, gpus, silence)
    for warning in provisioned.warnings:
        print(f"seqloom: {warning}", file=sys.stderr)
    if as_json:
        print_json(asdict(provisioned))
    else:
        print(f"deployed {', '.join(provisioned.deployments)}; GPU slots: {provisioned.gpu_slots}")


@commands.command()
def worker(pool: Annotated[str, typer.Argument(help="seqloom-cpu or seqloom-gpu.")]) -> None:
    """Run what the server of PREFECT_API_URL schedules in a pool, until Ctrl-C; for machines where no stack is up."""
    _need_prefect()
    from seqloom.stack.provision import require_pool
    from seqloom.stack.worker import work

    require_pool(pool)
    work(pool, partial(print, flush=True))


@commands.command("clean-up")
def clean_up(
    days: Annotated[
        int, typer.Option("--days", min=0, help="Days for which a stage that a run asked for is kept.")
    ] = 30,
    delete: Annotated[bool, typer.Option("--delete", help="Really remove them; else nothing is touched.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which artifacts no registered version and no recent run needs, or remove them."""
    console = console_for(as_json)
    from seqloom.cli.terminal import show_clean_up
    from seqloom.registry import garbage_collection as registry

    done = registry.clean_up(home_folder(), days, delete)
    show_clean_up(console, done)
    if as_json:
        print_json(asdict(done))


def _offer_examples() -> None:
    """Ask whether somebody wants the deployments that come with Seqloom; without a terminal nobody does.

    Raises:
        UserError: there is nobody to ask.
    """
    sentence = f"there is no prefect.yaml in {Path.cwd()}"
    remedy = "seqloom init NAME --data FILE writes one for a table of yours, --examples deploys what comes with Seqloom"
    if not is_terminal():
        raise UserError(f"{sentence}: {remedy}")
    print(f"seqloom: {sentence}; seqloom init NAME --data FILE writes one for a table of yours", file=sys.stderr)
    if not typer.confirm("Deploy the examples that come with Seqloom, some with a schedule?", err=True):
        raise typer.Exit


def _need_prefect() -> None:
    from seqloom.stack.server_addresses import use_named_prefect

    if not use_named_prefect(home_folder()):
        raise UserError(
            "there is no Prefect server to speak to: start one with seqloom up, or set PREFECT_API_URL to its address, "
            "ending in /api"
        )
