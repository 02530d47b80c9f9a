"""Ports of this machine: free, or whose they are."""

import contextlib
import socket

import psutil

from seqloom.errors import UserError
from seqloom.stack.layout import HOST


def check_port(port: int, option: str) -> None:
    """Raise a `UserError` that names who has the port and the option that chooses another."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of before may still be closing
        try:
            probe.bind((HOST, port))
        except OSError:
            raise UserError(
                f"port {port} is taken by {_holder(port)}; stop it, or choose another port with {option}"
            ) from None


def _holder(port: int) -> str:
    with contextlib.suppress(psutil.Error):
        for connection in psutil.net_connections("tcp"):
            if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port and connection.pid:
                return f"process {connection.pid} ({psutil.Process(connection.pid).name()})"
    return "another program"
