"""Version integrity: digests of its files are compared with the registry's record before anything runs.

A version contains the code that loads it, including the module that verifies its files. Whoever can write its files
could change that too, so the digest is also a tag of the version in MLflow's database, and the installed Seqloom
compares it. What this protects against, with a signature and without: docs/security.md.
"""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from seqloom.artifact.digest import digest_of_file
from seqloom.errors import UserError
from seqloom.registry.checkpoint_folder import OWN_BACKEND
from seqloom.registry.digital_signature import require_signature, sign
from seqloom.registry.seal import BACKENDS, DamagedVersion, files_below, seal_of, verify, verify_backend

if TYPE_CHECKING:
    from mlflow import MlflowClient

SEAL_TAG = "seqloom.seal"  # of a version: the digest of its package's manifest
DIGEST_TAG, SIGNATURE_TAG = "seqloom.digest", "seqloom.signature"  # and of all of it
BACKEND_SEAL_TAG, BACKEND_SIGNATURE_TAG = f"{SEAL_TAG}.", f"{SIGNATURE_TAG}."  # and the backend
ARTIFACTS, PACKAGE = "artifacts", "package"  # MLflow's folder for what a pyfunc brings, and ours in it
WRITTEN_ON_THE_WAY = "registered_model_meta"  # by MLflow, wherever it hands a version out

NOT_AS_REGISTERED = (
    "its MLmodel, its loader or another file beside the package is not what was registered: fetch this version again"
)

logger = logging.getLogger(__name__)


class RegisteredVersion(Protocol):
    """A version in the registry: MLflow's `ModelVersion`, or the same read without MLflow."""

    @property
    def name(self) -> str:
        """Name of the model."""

    @property
    def version(self) -> str | int:
        """Number of the version."""

    @property
    def tags(self) -> Mapping[str, str]:
        """Tags of the version."""


def digest_of(folder: Path) -> str:
    """Return one digest of a version as MLflow downloads it: MLmodel, loader, the package's seal, other files.

    Exported backends are no part of it: they are added later, and each has a seal of its own.

    Raises:
        DamagedVersion: there is no package in `folder`, or something else than files.
    """
    package, backends = f"{ARTIFACTS}/{PACKAGE}/", f"{ARTIFACTS}/{BACKENDS}/"
    parts = {package: seal_of(folder / package)}
    for name, path in files_below(folder).items():
        if name != WRITTEN_ON_THE_WAY and not name.startswith((package, backends)):
            parts[name] = digest_of_file(path)
    return hashlib.sha256(json.dumps(sorted(parts.items())).encode()).hexdigest()


def require_intact(folder: Path, version: RegisteredVersion, strict: bool = False) -> Path:
    """Return the package in a version's folder once every file is as registered; nothing of it is run.

    A version registered before versions had a digest causes a warning; `strict` refuses it.

    Raises:
        UserError: the version is not ours, or a file of it was changed, or was not there.
    """
    package = _require_package(folder, version)
    digest = version.tags.get(DIGEST_TAG, "")
    if not digest:
        warning = (
            f"{uri_of(version)} was registered before versions had a digest outside of their files, so nothing says "
            f"whether the code that loads it is its own: seqloom seal {uri_of(version)} takes it as it is"
        )
        if strict:
            raise UserError(warning)
        logger.warning("%s", warning)
    with _damage_is_reported(uri_of(version)):
        if digest and digest_of(folder) != digest:
            raise DamagedVersion(NOT_AS_REGISTERED)
        require_signature(version.name, OWN_BACKEND, digest, version.tags.get(SIGNATURE_TAG, ""))
    return package


def require_intact_backend(folder: Path, version: RegisteredVersion, backend: str) -> Path:
    """Return the folder of an exported backend below `folder` once every file is as registered.

    Raises:
        UserError: a file of it was changed, or was not there.
    """
    seal = version.tags.get(BACKEND_SEAL_TAG + backend, "")
    backend_folder = _require_backend(folder, version, backend, seal)
    with _damage_is_reported(f"{uri_of(version)} as {backend}"):
        require_signature(version.name, backend, seal, version.tags.get(BACKEND_SIGNATURE_TAG + backend, ""))
    return backend_folder


def require_all_intact(folder: Path, version: RegisteredVersion) -> None:
    """Verify a version and every backend in its folder; refuse one without a digest, or a backend without a seal.

    Raises:
        UserError: a file was changed, or was not there, or nothing says what it was.
    """
    require_intact(folder, version, strict=True)
    backends = folder / ARTIFACTS / BACKENDS
    for backend_folder in sorted(backends.iterdir()) if backends.is_dir() else ():
        require_intact_backend(folder, version, backend_folder.name)


def digest_tags(name: str, digest: str) -> dict[str, str]:
    """Return the tags for a version's digest and, where there is a key, its signature.

    Raises:
        UserError: the key cannot be read.
    """
    signature = sign(name, OWN_BACKEND, digest)
    return {DIGEST_TAG: digest, **({SIGNATURE_TAG: signature} if signature else {})}


def backend_tags(name: str, backend: str, seal: str) -> dict[str, str]:
    """Return the tags for a backend's seal and, where there is a key, its signature."""
    signature = sign(name, backend, seal)
    return {**({BACKEND_SIGNATURE_TAG + backend: signature} if signature else {}), BACKEND_SEAL_TAG + backend: seal}


def seal_version(client: "MlflowClient", folder: Path, version: RegisteredVersion) -> str:
    """Record the digest of a version as it is now, sign it and its backends where there is a key; return the digest.

    Raises:
        UserError: the version is not ours, or it has a digest and was changed since.
    """
    _require_package(folder, version)
    with _damage_is_reported(uri_of(version)):
        digest = digest_of(folder)
        if version.tags.get(DIGEST_TAG, digest) != digest:
            raise DamagedVersion(NOT_AS_REGISTERED)
    tags = digest_tags(version.name, digest)
    for tag, seal in version.tags.items():
        if tag.startswith(BACKEND_SEAL_TAG):
            backend = tag.removeprefix(BACKEND_SEAL_TAG)
            _require_backend(folder, version, backend, seal)
            tags |= backend_tags(version.name, backend, seal)
    for tag, value in tags.items():
        client.set_model_version_tag(version.name, str(version.version), tag, value)
    return digest


def uri_of(version: RegisteredVersion) -> str:
    """Return the `models:/` URI of a version."""
    return f"models:/{version.name}/{version.version}"


def _require_package(folder: Path, version: RegisteredVersion) -> Path:
    if SEAL_TAG not in version.tags:
        raise UserError(f"{uri_of(version)} was not made by Seqloom; give a model that seqloom train registered")
    package = folder / ARTIFACTS / PACKAGE
    with _damage_is_reported(uri_of(version)):
        verify(package)
        if seal_of(package) != version.tags[SEAL_TAG]:
            raise DamagedVersion("its manifest is not the one that was registered")
    return package


def _require_backend(folder: Path, version: RegisteredVersion, backend: str, seal: str) -> Path:
    backend_folder = folder / ARTIFACTS / BACKENDS / backend
    with _damage_is_reported(f"{uri_of(version)} as {backend}", "; export it again"):
        verify_backend(backend_folder)
        if seal_of(backend_folder) != seal:
            raise DamagedVersion("its manifest is not the one that was registered")
    return backend_folder


@contextmanager
def _damage_is_reported(what: str, remedy: str = "") -> Iterator[None]:
    """Turn damage to a version or backend into one sentence."""
    try:
        yield
    except (DamagedVersion, OSError) as damage:
        raise UserError(f"{what} is damaged: {damage}{remedy}") from None
