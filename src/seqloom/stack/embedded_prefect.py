"""Embedded Prefect server for commands without one: it ends with its process, its database is below SEQLOOM_HOME.

Prefect would start such a server itself, though only once a flow begins, and leave it behind when we are killed.
"""

import atexit
import logging
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from seqloom.artifact.full_disk import full_disk, has_no_space
from seqloom.errors import UserError
from seqloom.interpreter import PYTHON_MODULE
from seqloom.parent_watchdog import end_with
from seqloom.stack.password import new_auth_string
from seqloom.stack.prefect_database import exit_message
from seqloom.stack.server_addresses import use_named_prefect
from tasks.prefect_client import EMBEDDED

SECONDS_TO_START = 300.0  # with a new database, on a machine that does much else
SECONDS_TO_STOP = 5.0
SECONDS_BETWEEN_POLLS = 0.5


class EmbeddedPrefect:
    """The server process, starting or started."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.log = folder / "server.log"
        self.auth_string = new_auth_string()  # nobody needs it but this process and its children
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.url = f"http://127.0.0.1:{listening.getsockname()[1]}/api"
            self._process = self._start(listening)
        atexit.register(self.stop)

    def wait(self) -> None:
        """Return when the server answers.

        Raises:
            UserError: it ended, or takes too long.
        """
        deadline = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=SECONDS_TO_START):
                    return
            except OSError:
                time.sleep(SECONDS_BETWEEN_POLLS)
        if has_no_space(self.log.parent):  # nor could the server say so
            raise UserError(full_disk(self.log.parent))
        raise UserError(
            exit_message(self.log)
            or f"Prefect's server does not start: see the end of {self.log}, or set PREFECT_API_URL to yours"
        )

    def stop(self) -> None:
        """End the server."""
        self._process.terminate()
        try:
            self._process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self, listening: socket.socket) -> "subprocess.Popen[bytes]":
        """Start it on a socket that already queues connections, in a session of its own: Ctrl-C does not reach it."""
        command = [*PYTHON_MODULE, "seqloom.stack.embedded_prefect", str(listening.fileno()), str(os.getpid())]
        with self.log.open("ab") as output:
            return subprocess.Popen(
                command,
                env={
                    **os.environ,
                    "PREFECT_UI_ENABLED": "false",
                    "PREFECT__SERVER_EPHEMERAL": "1",
                    "PREFECT_SERVER_API_AUTH_STRING": self.auth_string,
                },
                pass_fds=[listening.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


def use_embedded_prefect(home: Path) -> EmbeddedPrefect | None:
    """Configure Prefect before it is imported, and start a server unless the user named one; None where he did.

    The server starts in the background; `EmbeddedPrefect.wait` returns when it answers.

    Raises:
        UserError: the user's server does not answer.
    """
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")  # the terminal has bars and a card
    logging.raiseExceptions = False  # Prefect would write half a line to the terminal where it cannot send its log
    if use_named_prefect(home):
        return None
    server = EmbeddedPrefect(Path(os.environ.setdefault("PREFECT_HOME", str(home / "prefect"))))
    os.environ["PREFECT_API_URL"] = server.url
    os.environ["PREFECT_API_AUTH_STRING"] = server.auth_string
    os.environ[EMBEDDED] = "1"
    return server


def _serve(descriptor: int, parent: int) -> None:
    """Run the server until the process `parent` is gone."""
    from seqloom.stack.prefect_server import serve

    end_with(parent)
    with socket.socket(fileno=os.dup(descriptor)) as listening:
        host, port = listening.getsockname()
    serve(host, port, descriptor, log_level="error")


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
