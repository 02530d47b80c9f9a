"""The command `seqloom`: people's output on stdout, or with --json one object there and the rest on stderr."""

import atexit
import errno
import io
import os
import signal
import sys
import traceback
from typing import Annotated, NoReturn

import typer

from seqloom import __version__
from seqloom.artifact.full_disk import full_disk, full_folder, has_no_space
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.permissions import keep_private
from seqloom.cli import (
    chat_session,
    corpus_commands,
    distill_command,
    ensemble_command,
    evaluate_command,
    explain_command,
    forget_command,
    generate_commands,
    init_command,
    registry_commands,
    report_command,
    review_commands,
    serve_command,
    stack_commands,
    train_commands,
    tune_command,
)
from seqloom.corpus.download import download_cache
from seqloom.corpus.url_secrets import add_vault
from seqloom.errors import StackFailure, UserError, showable
from seqloom.preemption import Preempted
from seqloom.stack.pidfile import join
from seqloom.stack.server_addresses import tell
from tasks.prefect_client import secret_of_block

PREFECT_IS_AWAY = "Prefect's server does not answer any more; what is finished is kept: the same command goes on"
HELP = "Your own text in; a registered, gated, servable encoder-decoder model out."
app = typer.Typer(no_args_is_help=True, help=HELP, pretty_exceptions_enable=False)
PANELS = {
    "Train": (init_command, train_commands, tune_command),
    "Ask": (generate_commands, chat_session, serve_command),
    "Judge": (evaluate_command, explain_command, report_command),
    "Registry": (registry_commands, ensemble_command, forget_command),
    "Learn from others": (distill_command, review_commands),
    "Operate": (stack_commands,),
}
"""Modules with commands by their heading in the help."""
for panel, groups in PANELS.items():
    for group in groups:
        for command in group.commands.registered_commands:
            command.rich_help_panel = panel
            app.registered_commands.append(command)
app.add_typer(corpus_commands.group, name="corpus", rich_help_panel="Train")


def _version(asked: bool) -> None:
    if asked:
        print(f"seqloom {__version__}")
        raise typer.Exit


@app.callback()
def begin(
    context: typer.Context,
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """Prepare every command: permissions of the home, servers, secrets, download cache."""
    home = home_folder()
    for warning in keep_private(home):
        print(f"seqloom: {warning}", file=sys.stderr)
    join(home)
    tell(home, context.invoked_subcommand or "", sys.argv)
    add_vault(secret_of_block)
    context.with_resource(download_cache())


def run() -> NoReturn:
    """Run `main` and end the process at once.

    Python's own shutdown would spend a second or two on unloading torch and MLflow.
    """
    code: object = None

    def leave() -> None:
        if isinstance(code, int):
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    atexit.register(leave)  # before all others, so that it is called after them
    try:
        main()
    except SystemExit as end:
        code = end.code
        raise


def main() -> NoReturn:
    """Exit with 0, with 2 for a user's mistake (one sentence, no traceback), with 1 for a fault of ours.

    SIGTERM and Ctrl-C exit with 143 and 130, as shells expect.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(
            errors="backslashreplace"
        )  # as stderr is: what it cannot encode is shown, and ends nothing
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        app()
    except UserError as mistake:
        _fail(str(mistake), 2)
    except StackFailure as failure:
        _fail_if_full(failure)
        _fail(str(failure), 1)
    except SystemExit as end:  # of Typer, which catches Ctrl-C and a closed pipe before us
        if end.code in (130, 143):
            _fail(_where_it_stopped(end), int(end.code))
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read our output has seen enough
    except Exception as error:
        _fail_if_refused(error)
        _fail_if_full(error)
        if _is_prefect_away(error):
            print(f"seqloom: {PREFECT_IS_AWAY}", file=sys.stderr, flush=True)
            sys.stdout.flush()
            os._exit(1)  # its client would try for minutes to tell it the rest
        traceback.print_exc()
        _fail("this is a fault of Seqloom, not of yours: please report the lines above", 1)
    _flush()
    sys.exit(0)


def _flush() -> None:
    """Flush stdout; a full disk is a user's error."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _give_up_output(error)


def _give_up_output(error: OSError) -> NoReturn:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more when it ends
    _fail(f"the disk is full that the output goes to ({error.strerror}): send it to another one", 2)


def _fail_if_full(error: Exception) -> None:
    """Exit with a sentence if the error says that a disk is full, whatever was written."""
    if place := full_folder(error):
        if isinstance(error, OSError) and error.filename is None and not has_no_space(place):
            _give_up_output(error)  # our disks are not, and a print names no file
        _fail(full_disk(place), 2)


def _fail_if_refused(error: Exception) -> None:
    """Exit with a sentence if a server refused access, or the name of a file is too long."""
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        _fail(f"{str(error.filename)[:80]}…: {error.strerror}, no system has such files; correct it", 2)
    httpx = sys.modules.get("httpx")
    if httpx is not None and isinstance(error, httpx.HTTPStatusError) and error.response.status_code in (401, 403):
        _fail(_no_of_prefect(error.response.status_code, error.response.text), 2)
    if type(error).__module__.startswith("mlflow"):
        from seqloom.registry.mlflow_access import refusal

        if sentence := refusal(error):
            _fail(sentence, 2)


def _no_of_prefect(status: int, said: str) -> str:
    place = f"Prefect at {os.environ.get('PREFECT_API_URL', '')}"
    if status == 401:
        return f"{place} wants a password: set PREFECT_API_AUTH_STRING to its USER:PASSWORD, or PREFECT_API_KEY"
    if "Host header" in said:
        return f"{place} does not answer to this name: have its PREFECT_SERVER_CORS_ALLOWED_ORIGINS name it"
    return f"{place} refuses this ({said.strip()[:200]}): ask whoever runs it"


def _where_it_stopped(error: BaseException) -> str:
    """Return the message of the preempted training, if it was one."""
    while not isinstance(error, Preempted):
        cause = error.__cause__ or error.__context__
        if cause is None:
            return "stopped; the same command continues"
        error = cause
    return str(error)


def _is_prefect_away(error: Exception) -> bool:
    httpx = sys.modules.get("httpx")  # there if, and only if, Prefect is
    return httpx is not None and isinstance(error, httpx.TransportError)


def _fail(sentence: str, code: int) -> NoReturn:
    print(f"seqloom: {showable(sentence)}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    run()
