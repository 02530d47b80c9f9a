"""Origins of web pages, such as http://127.0.0.1:4200, and host names of servers."""

from collections.abc import Iterable
from urllib.parse import urlsplit

ANY = "*"
LOOPBACK = ("127.0.0.1", "localhost")
_DEFAULT_PORTS = {"http": 80, "https": 443}


def own_origins(port: int, *hosts: str) -> tuple[str, ...]:
    """Return the origins of the UI of a server on this port of this machine, and of further hosts."""
    return tuple(f"http://{host}:{port}" for host in dict.fromkeys([*LOOPBACK, *hosts]))


def hosts_of(origins: Iterable[str]) -> frozenset[str]:
    """Return the host names of these origins; `*` for any."""
    return frozenset(ANY if origin == ANY else urlsplit(normal(origin)).hostname or "" for origin in origins)


def name_of(host: str) -> str:
    """Return the name in a Host header, without its port; empty where it is malformed."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def normal(origin: str) -> str:
    """Return an origin as browsers write it: in lower case, without the default port of its scheme."""
    origin = origin.strip().rstrip("/").lower()
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        return origin
    return origin.removesuffix(f":{port}") if port and port == _DEFAULT_PORTS.get(parts.scheme) else origin


def is_same_here(url: str, ours: str) -> bool:
    """Return whether a URL leads to the server `ours` on this machine, by any loopback name."""
    try:
        given, own = urlsplit(url), urlsplit(ours)
        return (given.scheme, given.port) == (own.scheme, own.port) and given.hostname in LOOPBACK
    except ValueError:
        return False
