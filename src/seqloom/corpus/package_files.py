"""Files of an installed Python package as a place of text: package://NAME/PATH, with patterns."""

import glob
import importlib.util
from pathlib import Path

from seqloom.errors import UserError

PACKAGE = "package://"  # the place of a text that lies in an installed package, as a file of this machine


def matching_files(pattern: str) -> list[Path]:
    """Return the files that match `pattern`, sorted; only * is special, as names may contain brackets."""
    escaped = "*".join(map(glob.escape, pattern.split("*")))
    return [path for path in map(Path, sorted(glob.glob(escaped, recursive=True))) if path.is_file()]  # noqa: PTH207


def files_in_package(location: str, field: str) -> list[tuple[str, Path]]:
    """Return location and path of each file at a place that begins with `PACKAGE`.

    Raises:
        UserError: the package is not installed, or has no such file; `field` names the place.
    """
    name, _, inner = location.removeprefix(PACKAGE).partition("/")
    folder = _folder_of_package(name, location, field)
    paths = matching_files(str(folder / inner)) if "*" in inner else [folder / inner]
    if any(not path.resolve().is_relative_to(folder.resolve()) for path in paths):
        raise UserError(f"{location}: leads out of the package {name}; correct {field}")
    if not paths:
        raise UserError(f"{location}: matches no file (looked in {folder}); correct {field}")
    return [(f"{PACKAGE}{name}/{path.relative_to(folder).as_posix()}", path) for path in paths]


def _folder_of_package(name: str, location: str, field: str) -> Path:
    spec = None
    if name.isidentifier() and name != "__main__":
        spec = importlib.util.find_spec(name)  # a name without a dot, so nothing is imported
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            f"{location}: the Python package {name} is not installed here; pip install {name}, or correct {field}"
        )
    return Path(next(iter(spec.submodule_search_locations)))
