"""The checkpoint folder of a model that is named on the command line."""

import re
from pathlib import Path

from seqloom.errors import UserError

OWN_BACKEND = "torch"  # the backend in which a version was trained
FASTEST = "auto"  # stands for the backend of a version that answers a text fastest on this machine

MODEL_URI = re.compile(r"models:/(?P<name>[^/@]+)(?:@(?P<alias>[^/@]+)|/(?P<version>[0-9]+))")


def find_checkpoint(model: str, home: Path, backend: str = OWN_BACKEND) -> Path:
    """Return the checkpoint folder of a registered version or its exported backend, or the folder itself.

    Raises:
        UserError: there is no such version, backend, alias, model, registry or folder, or a file of it was changed.
    """
    if model.startswith("models:"):
        return _find_version_folder(model, home, backend)
    folder = Path(model)
    if backend != OWN_BACKEND:
        raise UserError(f"{model} is a folder, which has the backend it has: leave --backend out")
    if folder.is_dir():
        return folder
    raise UserError(f"{model}: no such checkpoint folder; give one, or models:/NAME@ALIAS or models:/NAME/VERSION")


def _find_version_folder(model: str, home: Path, backend: str) -> Path:
    from seqloom.registry.local_version import read_local_version
    from seqloom.registry.version_backends import folder_of_backend

    local = read_local_version(model, home)
    if local:
        from seqloom.registry.integrity import require_intact

        return folder_of_backend(local, require_intact(local.folder, local), backend)
    from seqloom.registry.model_uri import fetch, find_version  # MLflow: as long to import as PyTorch

    version = find_version(model, home)
    return folder_of_backend(version, fetch(version), backend)


def describe_version(model: str, backend: str) -> str:
    """Return a model's name with its backend, if it is not the version's own."""
    return model if backend == OWN_BACKEND else f"{model} as {backend}"
