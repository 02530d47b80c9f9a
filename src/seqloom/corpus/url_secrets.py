"""Secrets in URLs: `${NAME}` in a recipe, substituted only when a file is downloaded."""

import os
import re
from collections.abc import Callable
from urllib.parse import quote

from seqloom.errors import UserError
from seqloom.url_mask import MASK, REFERENCE, revealed

Vault = Callable[[str], str | None]  # the secret of a name, or None
_ALLOWED = "%&=+,/:;@!$'()*~?"  # kept unescaped: the secret may be a whole query

_vaults: list[Vault] = []


def add_vault(vault: Vault) -> None:
    """Add a source of secrets for this process, to be asked after the environment."""
    if vault not in _vaults:
        _vaults.append(vault)


def fill_secrets(url: str, field: str) -> tuple[str, tuple[str, ...]]:
    """Return the URL to download, and the secrets in it.

    Raises:
        UserError: a name has no secret, or a secret was masked when the recipe was stored.
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


def fill_text(text: str, url: str, field: str) -> tuple[str, tuple[str, ...]]:
    """Return one part of a URL with its secrets, unescaped, and the secrets.

    Raises:
        UserError: a name has no secret.
    """
    secrets = {name: _secret(name, url, field) for name in REFERENCE.findall(text)}
    return REFERENCE.sub(lambda found: secrets[found[1]], text), tuple(secrets.values())


def redact(text: str, secrets: tuple[str, ...]) -> str:
    """Replace the `secrets` in a library's message by an ellipsis."""
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
