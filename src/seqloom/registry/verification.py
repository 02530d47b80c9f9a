"""Verify a version against the registry's record, or write that record."""

import os
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities.model_registry import ModelVersion

from seqloom.artifact.new_folder import new_folder, require_new
from seqloom.registry.digital_signature import PUBLIC_KEY
from seqloom.registry.integrity import DIGEST_TAG, SIGNATURE_TAG, require_all_intact, seal_version, uri_of
from seqloom.registry.model_uri import download, find_version, open_registry


@dataclass(frozen=True)
class VerificationRecord:
    """The registry's record of a version's files."""

    uri: str
    digest: str
    signed: str  # or not, in words
    folder: str = ""  # a verified copy of it


def verify_version(model: str, home: Path, to: Path | None = None) -> VerificationRecord:
    """Compare a version, and every backend of it, with what was registered; `to` is written whole or not at all.

    Raises:
        UserError: there is no such version, `to` exists, or a file was changed or was not there.
    """
    if to is not None:
        require_new(to)
    version = find_version(model, home)
    with TemporaryDirectory() as unfinished, new_folder(to) if to else nullcontext(Path(unfinished, "version")) as made:
        require_all_intact(download(version, made), version)
    return _record(version, str(to or ""))


def seal_as_it_is(model: str, home: Path) -> VerificationRecord:
    """Write the digest of a version and, with a key, its signature to the registry.

    Raises:
        UserError: there is no such version, it is not ours, or it was changed since it had a digest.
    """
    client = open_registry(model, home)
    version = find_version(model, home)
    with TemporaryDirectory() as folder:
        seal_version(client, download(version, Path(folder, "version")), version)
    return _record(client.get_model_version(version.name, str(version.version)))


def _record(version: ModelVersion, folder: str = "") -> VerificationRecord:
    checked = "that holds" if os.environ.get(PUBLIC_KEY) else f"that nobody checked: set {PUBLIC_KEY}"
    signed = f"with a signature {checked}" if version.tags.get(SIGNATURE_TAG) else "without a signature"
    return VerificationRecord(uri_of(version), version.tags[DIGEST_TAG], signed, folder)
