"""Seal of a version's folder: digests of every file, and imports that load only sealed modules.

A version contains the modules it was made with and a manifest with the SHA-256 of every file. The modules are imported
under a unique package name, so that versions made by different code coexist in one process, with Seqloom installed or
not. This module is one of them and runs before anything is verified, so it imports the standard library alone.
"""

import ast
import hashlib
import json
import stat
import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType

MANIFEST_FILE = "manifest.json"
CHECKPOINT, CODE = "checkpoint", "code"  # folders of a version
BACKENDS = "forms"  # folder of exported backends, each with its own seal; so named since 0.1, whose versions read it
LIBRARY = "seqloom"
_WEIGHTS = f"{CHECKPOINT}/weights.safetensors"
_CHECKPOINT_FILES = (*(f"{CHECKPOINT}/{name}.json" for name in ("recipe", "sizes", "source", "target")), _WEIGHTS)
_ENSEMBLE = f"{CHECKPOINT}/ensemble.json"
_ENSEMBLE_WEIGHTS = tuple(f"{CHECKPOINT}/{member}/weights.safetensors" for member in (0, 1))  # of two members at least
_MODULES = ("__init__", "errors", "decoding/predictor", "registry/seal")
_EARLIER_MODULES = ("__init__", "mistake", "decoding/answering", "registry/sealed")  # of versions made by 0.1
PACKAGE_FILES, EARLIER_PACKAGE_FILES = (
    (*_CHECKPOINT_FILES, *(f"{CODE}/{LIBRARY}/{name}.py" for name in names)) for names in (_MODULES, _EARLIER_MODULES)
)
"""Files that a version must hold to be loaded, by the release that made it: each brings the code it is loaded with."""
FORM_FILES = ("export.json", "recipe.json", "source.json", "target.json")
WEIGHTS_OF_FORMS = {"model.bin", "weights.safetensors"}
LARGEST_MANIFEST = 1 << 24  # bytes
LONGEST_SHOWN = 200  # letters of a name in a sentence


class DamagedVersion(ValueError):
    """A file of a version is missing, changed, or was not there when it was registered."""


def seal(root: Path) -> str:
    """Write the manifest of every file below `root` into it; return the manifest's own digest."""
    files = {name: _digest(path) for name, path in files_below(root).items() if name != MANIFEST_FILE}
    manifest = root / MANIFEST_FILE
    manifest.write_text(json.dumps({"files": files}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return _digest(manifest)


def seal_of(root: Path) -> str:
    """Return the digest of the manifest in `root`, which covers all files.

    Raises:
        DamagedVersion: there is no manifest.
    """
    manifest = root / MANIFEST_FILE
    if manifest.is_symlink() or not manifest.is_file():
        raise DamagedVersion(f"{MANIFEST_FILE} is missing: this version is not whole")
    return _digest(manifest)


def verify(root: Path, required: Iterable[str] = ()) -> dict[str, str]:
    """Return the digests of the files below `root`, by name, once every file matches its digest.

    Removing a line from the manifest must not exempt a file: so a file without a line is refused, and so is a manifest
    without a line for each of `required`, by default the files that a version must contain.

    Raises:
        DamagedVersion: a file is missing, was changed, or is in no line.
    """
    listed = _read_manifest(root)
    found = files_below(root)
    for name in [*(required or _required(listed)), *listed]:
        if name not in listed or name not in found:
            raise DamagedVersion(f"{name[:LONGEST_SHOWN]} is missing: this version is not whole, fetch it again")
    for name, path in found.items():
        if name == MANIFEST_FILE:
            continue
        if name not in listed:
            raise DamagedVersion(
                f"{name[:LONGEST_SHOWN]} is not of this version: remove it, or fetch the version again"
            )
        if _digest(path) != listed[name]:
            raise DamagedVersion(f"{name} is not the file that was registered: fetch this version again")
    return listed


def _required(listed: Mapping[str, str]) -> Sequence[str]:
    is_earlier = EARLIER_PACKAGE_FILES[-1] in listed and PACKAGE_FILES[-1] not in listed
    if _ENSEMBLE in listed:
        return [*(name for name in PACKAGE_FILES if name != _WEIGHTS), *_ENSEMBLE_WEIGHTS]
    return EARLIER_PACKAGE_FILES if is_earlier else PACKAGE_FILES


def verify_backend(root: Path) -> None:
    """Verify the files of an exported backend.

    Raises:
        DamagedVersion: as `verify` does.
    """
    listed = verify(root, FORM_FILES)
    if not WEIGHTS_OF_FORMS & listed.keys():
        raise DamagedVersion(f"{' or '.join(sorted(WEIGHTS_OF_FORMS))} is missing: this version is not whole")


def files_below(root: Path) -> dict[str, Path]:
    """Return every file below `root` by its relative name.

    Raises:
        DamagedVersion: there is something else than files and folders: a link leads to what no digest holds for.
    """
    found: dict[str, Path] = {}
    waiting = [root]
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                waiting.append(path)
            elif stat.S_ISREG(mode):
                found[path.relative_to(root).as_posix()] = path
            else:
                raise DamagedVersion(f"{path.relative_to(root).as_posix()} is no plain file: fetch this version again")
    return dict(sorted(found.items()))


def _read_manifest(root: Path) -> dict[str, str]:
    seal_of(root)
    try:
        with (root / MANIFEST_FILE).open("rb") as file:
            content = file.read(LARGEST_MANIFEST + 1)
        listed = json.loads(content)["files"] if len(content) <= LARGEST_MANIFEST else None
    except (OSError, ValueError, TypeError, LookupError, RecursionError) as error:
        raise DamagedVersion(f"{MANIFEST_FILE} cannot be read: this version is damaged") from error
    if not isinstance(listed, dict) or not all(isinstance(digest, str) for digest in listed.values()):
        raise DamagedVersion(f"{MANIFEST_FILE} cannot be read: this version is damaged")
    return listed


def open_code(root: Path, files: Mapping[str, str]) -> str:
    """Make the modules of the version in `root` importable under a name that follows from their digests; return it.

    `files` is what `verify` returned; a module that is not among them is never imported.
    """
    modules = {name: digest for name, digest in files.items() if name.startswith(f"{CODE}/")}
    content = json.dumps(sorted(modules.items()))
    package = f"{LIBRARY}_{hashlib.sha256(content.encode()).hexdigest()[:16]}"
    for finder in sys.meta_path:
        if getattr(finder, "package", None) == package:  # this module is run once for each version
            vars(finder)["root"] = root  # the same code elsewhere; where it was may be gone
            return package
    sys.meta_path.insert(0, _Finder(package, root, modules))  # Python's own would find the modules of its packages
    return package


class _Finder(MetaPathFinder):
    """Finder for modules `NAME.a.b` in the folder of one version."""

    def __init__(self, package: str, root: Path, modules: Mapping[str, str]) -> None:
        self.package, self.root, self.modules = package, root, modules

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,  # noqa: ARG002 the protocol's
        target: ModuleType | None = None,  # noqa: ARG002 the protocol's
    ) -> ModuleSpec | None:
        """Return the spec of a module of this version, else None."""
        if fullname.partition(".")[0] != self.package:
            return None
        module_path = "/".join((CODE, LIBRARY, *fullname.split(".")[1:]))
        for name, is_package in ((f"{module_path}/__init__.py", True), (f"{module_path}.py", False)):
            if name in self.modules:
                file = self.root / name
                loader = _SealedLoader(fullname, str(file), self.package, self.modules[name])
                search = [str(file.parent)] if is_package else None
                return spec_from_file_location(fullname, file, loader=loader, submodule_search_locations=search)
        return None


class _SealedLoader(SourceFileLoader):
    """Loader whose imports of the library resolve to the version's own modules; bytecode caches are ignored."""

    def __init__(self, fullname: str, path: str, package: str, digest: str) -> None:
        super().__init__(fullname, path)
        self.package, self.digest = package, digest

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source, whose digest was verified."""
        source = self.get_data(self.get_filename(fullname))
        if hashlib.sha256(source).hexdigest() != self.digest:
            raise DamagedVersion(f"{self.path} is not the file that was registered: fetch this version again")
        tree = ast.parse(source, self.path)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.level == 0 and _is_ours(node.module or ""):
                node.module = self.package + (node.module or "").removeprefix(LIBRARY)
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name == LIBRARY:
                        alias.name, alias.asname = self.package, alias.asname or LIBRARY
        code: CodeType = compile(tree, self.path, "exec")
        return code


def _is_ours(module: str) -> bool:
    return module == LIBRARY or module.startswith(f"{LIBRARY}.")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
