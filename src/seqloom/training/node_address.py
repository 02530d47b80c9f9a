"""Address and network interface by which a machine reaches the others of a training."""

import fcntl
import socket
import struct

from seqloom.errors import UserError

_GET_ADDRESS = 0x8915  # SIOCGIFADDR of Linux


def address_towards(endpoint: str) -> str:
    """Return this machine's own address on the way to `endpoint`, a host and port; nothing is sent.

    Raises:
        UserError: the host has no address, or no way leads there.
    """
    host, _, port = endpoint.rpartition(":")
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((host, int(port)))
            return str(probe.getsockname()[0])
    except (OSError, OverflowError) as error:
        raise UserError(f"training.rendezvous: {endpoint} cannot be reached ({error}); correct it") from None


def interface_of(address: str) -> str:
    """Return the name of the network interface with an address, such as eth0; lo if none has it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                found = fcntl.ioctl(probe, _GET_ADDRESS, struct.pack("256s", name.encode()[:15]))
            except OSError:  # it has no address
                continue
            if socket.inet_ntoa(found[20:24]) == address:
                return name
    return "lo"
