"""Mask secrets in URLs: values in a query, and the user and password before the @.

Each is replaced by a digest, which still distinguishes two sources. This process remembers the value (`revealed`), so
that only the download sees it. References such as `${TOKEN}` stay: they say where a secret is, not what it is. The
digest of a guessable value can be guessed, too.
"""

import hashlib
import re
from urllib.parse import urlsplit, urlunsplit

REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_-]*)\}")
MASK = re.compile(r"sha256-[0-9a-f]{12}")
_URL = re.compile(r"""(?i)\b[a-z][a-z0-9+.-]*://[^\s"'<>\\`\]]+""")
_END_OF_SENTENCE = re.compile(r"[:;,.!)…]+$")
_USER = re.compile(r"[^/?#]*@")
_PIN = re.compile(r"sha256=[0-9a-fA-F]*…?")
_HARMLESS = re.compile(
    r"(?i)|true|false|yes|no|on|off|\d{1,2}|raw|plain|download|dl|…|require|prefer|verify-ca|verify-full|utf8mb4"
)

PLACEHOLDER = "USER:PASSWORD@"  # in sentences that say how an address is written

_meant: dict[str, str] = {}  # by its mask


def masked(text: str) -> str:
    """Return the text with the secrets of every URL in it masked; masks stay."""
    return _URL.sub(_masked_in_text, text)


def masked_url(url: str) -> str:
    """Return one URL with its secrets masked, whatever characters it has."""
    scheme, colon, rest = url.partition("://")
    if scheme == "package":  # a path, which may contain any character
        return url
    rest, hash_sign, fragment = rest.partition("#")
    address, mark, query = rest.partition("?")
    user = _USER.match(address)
    if user and user[0] != PLACEHOLDER:
        address = f"{_each(user[0][:-1], ':')}@{address[user.end() :]}"
    fragment = fragment if _PIN.fullmatch(fragment) else _each(fragment, "&;")
    return f"{scheme}{colon}{address}{mark}{_each(query, '&;')}{hash_sign}{fragment}"


def without_user(url: str) -> str:
    """Return the address of a server without user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else url


def revealed(url: str) -> str:
    """Return a URL with the values that this process masked; masks of other processes stay."""
    return MASK.sub(lambda found: _meant.get(found[0], found[0]), url)


def mask_of(value: str) -> str:
    """Return the mask of a value."""
    mask = f"sha256-{hashlib.sha256(value.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"
    _meant[mask] = value
    return mask


def _masked_in_text(found: re.Match[str]) -> str:
    """Mask a URL in a text, without the punctuation that follows it."""
    url = found[0]
    end = _END_OF_SENTENCE.search(url)
    return masked_url(url[: end.start()]) + end[0] if end else masked_url(url)


def _each(text: str, separators: str) -> str:
    """Mask every part; after `name=`, the value alone."""
    parts = re.split(f"([{separators}])", text)
    return "".join(part if part in separators else _masked_part(part) for part in parts)


def _masked_part(part: str) -> str:
    name, equals, value = part.partition("=")
    if not equals:
        name, value = "", part
    known = not REFERENCE.sub("", value) or MASK.fullmatch(value) or _HARMLESS.fullmatch(value)
    return f"{name}{equals}{value if known else mask_of(value)}"
