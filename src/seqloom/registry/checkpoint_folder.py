"""The checkpoint folder of a model that is named on the command line; MLflow is imported for registered versions."""

from pathlib import Path

from seqloom.errors import UserError

OWN_BACKEND = "torch"  # the backend in which a version was trained
FASTEST = "auto"  # stands for the backend of a version that answers a text fastest on this machine


def find_checkpoint(model: str, home: Path, backend: str = OWN_BACKEND) -> Path:
    """Return the checkpoint folder of a registered version or its exported backend, or the folder itself.

    Raises:
        UserError: there is no such version, backend, alias, model, registry or folder, or a file of it was changed.
    """
    if model.startswith("models:"):
        from seqloom.registry.model_uri import find_version_folder  # MLflow: as long to import as PyTorch

        return find_version_folder(model, home, backend)
    folder = Path(model)
    if backend != OWN_BACKEND:
        raise UserError(f"{model} is a folder, which has the backend it has: leave --backend out")
    if folder.is_dir():
        return folder
    raise UserError(f"{model}: no such checkpoint folder; give one, or models:/NAME@ALIAS or models:/NAME/VERSION")


def describe_version(model: str, backend: str) -> str:
    """Return a model's name with its backend, if it is not the version's own."""
    return model if backend == OWN_BACKEND else f"{model} as {backend}"
