"""Origins of pages, such as http://127.0.0.1:4200, and the names that a server goes by."""

from collections.abc import Iterable
from urllib.parse import urlsplit

ANY = "*"
LOOPBACK = ("127.0.0.1", "localhost")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def own_origins(port: int, *hosts: str) -> tuple[str, ...]:
    """Of the UI of a server that listens on this port of this machine, and of further hosts."""
    return tuple(f"http://{host}:{port}" for host in dict.fromkeys([*LOOPBACK, *hosts]))


def hosts_of(origins: Iterable[str]) -> frozenset[str]:
    """The names that a server with pages of these origins goes by; `*` for any."""
    return frozenset(ANY if origin == ANY else urlsplit(normal(origin)).hostname or "" for origin in origins)


def name_of(host: str) -> str:
    """The name in a Host header, without its port; empty for what is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def normal(origin: str) -> str:
    """An origin as browsers write it: in small letters, without the port that its scheme has anyway."""
    origin = origin.strip().rstrip("/").lower()
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return origin
    return origin.removesuffix(f":{port}") if port and port == _DEFAULT_PORTS.get(parts.scheme) else origin


def is_same_here(url: str, ours: str) -> bool:
    """Whether a URL leads to ours, a server on this machine, by whatever name of the machine."""
    try:
        place, here = urlsplit(url), urlsplit(ours)
        return (place.scheme, place.port) == (here.scheme, here.port) and place.hostname in LOOPBACK
    except ValueError:
        return False
