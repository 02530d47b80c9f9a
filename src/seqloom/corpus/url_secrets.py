"""Secrets that a recipe names and does not say: `${NAME}` in a URL, filled in where a file is fetched, nowhere else."""

import os
import re
from collections.abc import Callable
from urllib.parse import quote

from seqloom.errors import UserError
from seqloom.url_mask import MASK, REFERENCE, revealed

Vault = Callable[[str], str | None]  # the secret of a name, where it has one
_ALLOWED = "%&=+,/:;@!$'()*~?"  # as it is given: it may be a whole query, escaped already

_vaults: list[Vault] = []


def open_vault(vault: Vault) -> None:
    """Ask it, too, from now on in this process: after the environment."""
    if vault not in _vaults:
        _vaults.append(vault)


def filled_in(url: str, field: str) -> tuple[str, tuple[str, ...]]:
    """The URL to fetch, and what in it nobody may see.

    Raises:
        UserError: a name has no secret, or a secret was masked when the recipe was kept.
    """
    secrets: list[str] = []

    def fill(found: re.Match[str]) -> str:
        secret = _secret(found[1], url, field)
        secrets.extend([secret, quote(secret, _ALLOWED)])
        return secrets[-1]

    plain = revealed(url)
    if lost := MASK.search(plain):
        raise UserError(
            f"{url}: what {lost[0]} stands for was masked when this recipe was kept; write it as ${{NAME}} in {field} "
            "and set NAME in the environment, or give a local file"
        )
    secrets += [revealed(mask) for mask in MASK.findall(url)]
    return REFERENCE.sub(fill, plain), tuple(secrets)


def hidden(text: str, secrets: tuple[str, ...]) -> str:
    """A text of a library, without them."""
    for secret in secrets:
        text = text.replace(secret, "…") if secret else text
    return text


def _secret(name: str, url: str, field: str) -> str:
    vaults: list[Vault] = [os.environ.get, *_vaults]
    for vault in vaults:
        found = vault(name)
        if found and found.strip():
            return found.strip()
    raise UserError(
        f"{url}: {name} is not set, which {field} asks for: set the environment variable {name} where the run is, or "
        f"keep it in a Secret block {name} of Prefect"
    )
