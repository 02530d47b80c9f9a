"""The socket of a server, bound before anything slow is loaded, so that a taken port is one sentence at once."""

import socket

from seqloom.errors import UserError


def bound_socket(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address.

    Raises:
        UserError: the port is taken, may not be used, or the host is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Where the protocol is named, asyncio sends small packets at once (TCP_NODELAY); else an answer waits for 40 ms.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as error:
        listening.close()
        reason = error.strerror or str(error)
        raise UserError(f"{host}:{port} cannot be listened at ({reason}): choose another --port or --host") from None
    return listening
