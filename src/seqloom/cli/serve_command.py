"""The command `serve`: a registered version over HTTP, which follows its alias."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.generate_commands import Backend, ModelName
from seqloom.cli.memory_file import MemoryFile, RulesFile
from seqloom.cli.stdio import console_for
from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.decoding.answers import Columns

AUTH_STRING = "SEQLOOM_SERVE_AUTH_STRING"  # USER:PASSWORD; unset: no password
commands = typer.Typer()


@commands.command()
def serve(
    model: ModelName,
    host: Annotated[str, typer.Option("--host", help="Address to listen at; 0.0.0.0 is every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 5001,
    backend: Backend = "torch",
    follow: Annotated[
        float, typer.Option("--follow", min=1.0, help="Seconds between two looks at where the alias points.")
    ] = 30.0,
    memory: MemoryFile = None,
    rules: RulesFile = None,
    log: Annotated[
        Path | None, typer.Option("--log", help="Folder for a log of texts and answers, without personal data.")
    ] = None,
    log_share: Annotated[float, typer.Option("--log-share", min=0.0, max=1.0, help="Share of the texts.")] = 1.0,
    log_days: Annotated[int, typer.Option("--log-days", min=1, help="Days after which a day's log is removed.")] = 30,
    log_names: Annotated[
        str, typer.Option("--log-names", help="File of names that the log is without, as corpus.name_list.")
    ] = "",
) -> None:
    """Serve a version over HTTP by MLflow's protocol, with metrics; a new champion takes over without a pause."""
    if not model.startswith("models:/"):
        raise UserError(f"{model} is not a registered version, which serve follows; write models:/NAME@champion")
    auth_string = os.environ.get(AUTH_STRING, "")
    if auth_string and ":" not in auth_string:
        raise UserError(f"{AUTH_STRING} is written USER:PASSWORD")
    if log_names and not log:
        raise UserError(f"--log-names {log_names} is of a request log: name its folder by --log, or leave it out")
    console = console_for(as_json=False)
    from seqloom.corpus.person_names import NameList
    from seqloom.decoding.confidence import CONFIDENCE
    from seqloom.serving.followed_model import FollowedModel
    from seqloom.serving.listening_socket import bound_socket
    from seqloom.serving.model_server import ServerAddress, build_app, run_server
    from seqloom.serving.request_log import RequestLog
    from seqloom.serving.request_metrics import RequestMetrics

    names = NameList.read(log_names, "--log-names") if log_names else None
    listening = bound_socket(host, port)
    address = ServerAddress(host, port, auth_string)
    metrics, requests = RequestMetrics(), RequestLog(log, log_share, log_days, names) if log else None

    def observe(sources: Sequence[object], answers: "Columns", version: int) -> None:
        metrics.count_texts(len(sources))
        metrics.observe_confidence(answers.get(CONFIDENCE, ()))
        if requests:
            requests(sources, answers, version)

    followed = FollowedModel(model, home_folder(), backend, observe, memory, rules)
    told = f"{model} is version {followed.version}, at http://{host}:{port}/invocations; Ctrl-C ends it"
    console.print(told, soft_wrap=True)
    run_server(build_app(followed, metrics, address), listening, followed.follow, follow)
