"""kill -9 of `seqloom train`: the server it started goes with it. Of that server: the command says so, and goes on."""

import subprocess
from pathlib import Path

import psutil

from seqloom.cli.main import PREFECT_IS_AWAY
from tests.flows.command_process import COMMAND
from tests.flows.conftest import environment, write_workplace
from tests.survival.stack import until
from tests.survival.test_kills import is_gone


def begin(folder: Path, **more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, "train", "recipe.yaml"],
        cwd=folder,
        env=environment(folder) | more,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def server_of(command: "subprocess.Popen[str]") -> psutil.Process:
    children = psutil.Process(command.pid).children(recursive=True)
    [server] = [child for child in children if "seqloom.stack.embedded_prefect" in child.cmdline()]
    return server


def test_nothing_is_left_of_a_killed_command(tmp_path: Path) -> None:
    command = begin(write_workplace(tmp_path))
    until((tmp_path / ".seqloom" / "prefect" / "prefect.db").exists, "the start of the server")
    server = server_of(command)
    command.kill()
    command.communicate()
    until(lambda: is_gone(server), "the end of its server", 10)


def test_a_command_whose_server_dies_ends_with_a_sentence_and_goes_on(tmp_path: Path) -> None:
    write_workplace(tmp_path)
    command = begin(tmp_path, PREFECT_CLIENT_MAX_RETRIES="1")  # by default the last word takes a minute
    until(lambda: list((tmp_path / ".seqloom" / "artifacts").glob("corpus/*/manifest.json")), "the first stage")
    server_of(command).kill()
    _, error = command.communicate(timeout=600)
    assert command.returncode == 1
    assert error.splitlines()[-1] == f"seqloom: {PREFECT_IS_AWAY}"
    again = begin(tmp_path)
    _, error = again.communicate(timeout=600)
    assert again.returncode == 0, error
