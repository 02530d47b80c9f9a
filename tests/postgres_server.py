"""A Postgres of the tests' own."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.stack.stack_process import free_port

PASSWORD = "se%cr@t/1"
QUOTED = "se%25cr%40t%2F1"


@contextmanager
def postgres_server() -> Iterator[str]:
    """A Postgres of our own; its server refuses to be run by root, so that root lends it to another."""
    if not shutil.which("initdb") or not shutil.which("pg_ctl"):
        pytest.skip("Postgres is not installed")
    if os.geteuid() == 0 and subprocess.run(["id", "postgres"], capture_output=True).returncode:
        pytest.skip("there is no user postgres to run it")
    lent = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    port = free_port()
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "password").write_text(PASSWORD)
        if lent:
            shutil.chown(folder, "postgres")
            shutil.chown(folder / "password", "postgres")
        data = str(folder / "data")
        told = ["-D", data, "-U", "seqloom", "-A", "scram-sha-256", "--pwfile", str(folder / "password"), "-N"]
        subprocess.run([*lent, "initdb", *told], check=True, capture_output=True, cwd=folder)
        options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
        start = [*lent, "pg_ctl", "-D", data, "-o", options, "-l", str(folder / "log"), "-w", "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, cwd=folder)
        try:
            yield f"postgresql://seqloom:{QUOTED}@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*lent, "pg_ctl", "-D", data, "-m", "fast", "-w", "stop"], check=True, capture_output=True)
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port))
