"""A registered version pinned to its weights: models:/NAME/VERSION#sha256=DIGEST.

MLflow gives the number of a deleted version again, so the number alone may come to mean another.
"""

DIGITS = 16  # of the digest of its checkpoint
_MARK = "#sha256="


def pin_version(uri: str, digest: str) -> str:
    """Return the URI with the first digits of a checkpoint's digest."""
    return f"{uri}{_MARK}{digest[:DIGITS]}"


def split_pin(pinned: str) -> tuple[str, str]:
    """Return URI and digest; the digest is empty where none is pinned."""
    uri, _, digest = pinned.partition(_MARK)
    return uri, digest
