"""Ed25519 signatures of version digests, by a key that neither the registry nor its files hold.

Whoever can write to the database of MLflow can replace a digest as well as a file. A signature they cannot make:
Bernstein et al. 2011, https://ed25519.cr.yp.to/papers.html. Keys are PEM, as `openssl genpkey -algorithm ed25519` and
`openssl pkey -pubout` write them, or the path of a file that holds one.
"""

import base64
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from seqloom.errors import UserError
from seqloom.registry.seal import DamagedVersion

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SIGNING_KEY, PUBLIC_KEY = "SEQLOOM_SIGNING_KEY", "SEQLOOM_PUBLIC_KEY"  # variables of the environment
_BEGIN, _END = "-----BEGIN", "-----END PUBLIC KEY-----"


def sign(name: str, backend: str, digest: str) -> str:
    """Return the signature of a registered model's digest in one backend; empty without a private key.

    Raises:
        UserError: what the environment says is no such key.
    """
    key = _signing_key()
    return base64.b64encode(key.sign(_statement(name, backend, digest))).decode() if key else ""


def require_signature(name: str, backend: str, digest: str, signature: str) -> None:
    """Verify the signature where a public key is set; without one nothing is checked.

    Raises:
        DamagedVersion: there is no signature, or none that a public key in the environment is of.
        UserError: what the environment says is no such key.
    """
    keys = _public_keys()
    if not keys:
        return
    if not signature:
        raise DamagedVersion(f"it is not signed, and {PUBLIC_KEY} is set: seqloom seal signs it with {SIGNING_KEY}")
    from cryptography.exceptions import InvalidSignature

    for key in keys:
        try:
            key.verify(base64.b64decode(signature, validate=True), _statement(name, backend, digest))
        except (InvalidSignature, ValueError):
            continue
        return
    raise DamagedVersion(f"its signature was not made with the key that {PUBLIC_KEY} belongs to")


def check_keys() -> None:
    """Refuse a key that cannot be read before anything is done that it is wanted for.

    Raises:
        UserError: there is one.
    """
    _signing_key()
    _public_keys()


def _statement(name: str, backend: str, digest: str) -> bytes:
    return json.dumps(["seqloom version", name, backend, digest]).encode()


def _signing_key() -> "Ed25519PrivateKey | None":
    text = _text_of(SIGNING_KEY)
    if not text:
        return None
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(f"{SIGNING_KEY} is no private Ed25519 key: openssl genpkey -algorithm ed25519 makes one")
    return key


def _public_keys() -> "list[Ed25519PublicKey]":
    """Return the public keys; several are allowed while a key is rotated."""
    text = _text_of(PUBLIC_KEY)
    if not text:
        return []
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    found = []
    for part in text.split(_END):
        if not part.strip():
            continue
        try:
            key = load_pem_public_key((part.strip() + f"\n{_END}\n").encode())
        except (ValueError, UnsupportedAlgorithm):
            key = None
        if not isinstance(key, Ed25519PublicKey):
            raise UserError(f"{PUBLIC_KEY} is no public Ed25519 key: openssl pkey -in KEY -pubout writes that of KEY")
        found.append(key)
    return found


def _text_of(variable: str) -> str:
    """Return a key from the environment, or from the file that the environment names."""
    setting = os.environ.get(variable, "").strip()
    if not setting or setting.startswith(_BEGIN):
        return setting
    try:
        return Path(setting).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no text"
        raise UserError(f"{variable} is neither a key nor a file that holds one ({why}): correct it") from None
