"""Backends of a registered version: which it has, and the verified folder of each."""

import logging
from pathlib import Path

from seqloom.errors import UserError
from seqloom.registry.checkpoint_folder import FASTEST, OWN_BACKEND
from seqloom.registry.integrity import BACKEND_SEAL_TAG, RegisteredVersion, require_intact_backend, uri_of
from seqloom.registry.seal import CHECKPOINT

logger = logging.getLogger(__name__)


def backends_of(version: RegisteredVersion) -> list[str]:
    """Return the backends in which the version can be loaded."""
    return [
        OWN_BACKEND,
        *sorted(tag.removeprefix(BACKEND_SEAL_TAG) for tag in version.tags if tag.startswith(BACKEND_SEAL_TAG)),
    ]


def folder_of_backend(version: RegisteredVersion, package: Path, backend: str) -> Path:
    """Return the folder of a backend of the version whose verified `package` is given; of the fastest one for `auto`.

    Raises:
        UserError: the version has no such backend, or a file of it was changed.
    """
    if backend != FASTEST:
        return _folder_of(version, package, backend)
    from seqloom.decoding.backend_choice import choose_backend  # loads the models

    folders = {each: _folder_of(version, package, each) for each in backends_of(version)}
    choice = choose_backend(folders)
    logger.warning("%s: %s", uri_of(version), choice.sentence)
    return folders[choice.backend]


def _folder_of(version: RegisteredVersion, package: Path, backend: str) -> Path:
    """Return the folder of the version's own checkpoint, or of a backend that was exported."""
    if backend == OWN_BACKEND:
        return package / CHECKPOINT
    if backend not in backends_of(version):
        raise UserError(
            f"{uri_of(version)} has no backend {backend}; it has {', '.join(backends_of(version))}; "
            "seqloom export adds others"
        )
    return require_intact_backend(package.parents[1], version, backend)
