"""Places named in a recipe to files on this machine."""

import glob
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from seqloom.artifact.digest import digest_of_file
from seqloom.corpus.downloading import download
from seqloom.mistake import UserMistake
from seqloom.recipe.schema import Corpus

PACKAGE = "package://"
URLS = ("http://", "https://")
ENDINGS = ("tsv", "csv", "jsonl", "po", "mo")  # of file names that tell the format
TABLES = (*ENDINGS, "labelled", "texts", "running")  # the formats of one file for both sides


@dataclass(frozen=True)
class SourceFile:
    """A file to read."""

    place: str  # as the recipe names it, a pattern filled in
    path: Path
    digest: str  # of its bytes
    format: str  # lines, or one of TABLES
    encoding: str = "utf-8"


@dataclass(frozen=True)
class SplitFiles:
    """The files of one split: two columns of aligned lines, or one column of tables; none where it is split off."""

    columns: tuple[tuple[SourceFile, ...], ...]

    @property
    def rows(self) -> list[tuple[SourceFile, ...]]:
        """What is read together: a source file and its target file, or a table alone."""
        return list(zip(*self.columns, strict=True))

    @property
    def digests(self) -> list[list[str]]:
        """The content of each file and how it is read; its name does not count."""
        return [[f"{file.format}:{file.digest}" for file in column] for column in self.columns]


@dataclass(frozen=True)
class Sources:
    """The files of the three splits."""

    train: SplitFiles
    validation: SplitFiles
    test: SplitFiles

    @property
    def digests(self) -> dict[str, list[list[str]]]:
        """Digests of all that will be read, as JSON: the input of the stage's cache key."""
        return {name: getattr(self, name).digests for name in ("train", "validation", "test")}


def locate(section: Corpus, home: Path) -> Sources:
    """Find (and download to `home`) every file of the corpus.

    Raises:
        UserMistake: a place leads to no file, or to one that cannot be what the recipe says.
    """
    return Sources(
        train=_locate_split(section, "train", home),
        validation=_locate_split(section, "validation", home),
        test=_locate_split(section, "test", home),
    )


def _locate_split(section: Corpus, split: str, home: Path) -> SplitFiles:
    places, field = getattr(section, split), f"corpus.{split}"
    columns = tuple(
        tuple(_describe(name, path, field, section, len(places)) for name, path in _resolve(place, field, home))
        for place in places
    )
    if len({len(column) for column in columns}) > 1:
        source, target = (f"{place} ({len(column)} files)" for place, column in zip(places, columns, strict=True))
        raise UserMistake(f"{field}: {source} and {target} do not pair up; give each source file one target file")
    return SplitFiles(columns)


def _resolve(place: str, field: str, home: Path) -> list[tuple[str, Path]]:
    """Files at `place`, each with the name it goes by."""
    if place.startswith(URLS):
        return [(place.partition("#")[0], download(place, home / "downloads", field))]
    if "://" in place and not place.startswith(PACKAGE):
        raise UserMistake(f"{place}: only http://, https:// and {PACKAGE} are understood; correct {field}")
    if place.startswith(PACKAGE):
        return _inside_package(place, field)
    if "*" not in place:
        return [(place, Path(place))]
    found = [(str(path), path) for path in _matches(place)]
    if not found:
        raise UserMistake(f"{place}: matches no file (looked in {Path.cwd()}); correct {field}")
    return found


def _matches(pattern: str) -> list[Path]:
    """Files that match `pattern`, sorted; only * is special, for names may well hold brackets."""
    escaped = "*".join(map(glob.escape, pattern.split("*")))
    return [path for path in map(Path, sorted(glob.glob(escaped, recursive=True))) if path.is_file()]  # noqa: PTH207


def _inside_package(place: str, field: str) -> list[tuple[str, Path]]:
    name, _, inner = place.removeprefix(PACKAGE).partition("/")
    folder = _folder_of_package(name, place, field)
    paths = _matches(str(folder / inner)) if "*" in inner else [folder / inner]
    if any(not path.resolve().is_relative_to(folder.resolve()) for path in paths):
        raise UserMistake(f"{place}: leads out of the package {name}; correct {field}")
    if not paths:
        raise UserMistake(f"{place}: matches no file (looked in {folder}); correct {field}")
    return [(f"{PACKAGE}{name}/{path.relative_to(folder).as_posix()}", path) for path in paths]


def _folder_of_package(name: str, place: str, field: str) -> Path:
    spec = None
    if name.isidentifier() and name != "__main__":
        spec = importlib.util.find_spec(name)  # a name without a dot, so nothing is imported
    if spec is None or not spec.submodule_search_locations:
        raise UserMistake(
            f"{place}: the Python package {name} is not installed here; pip install {name}, or correct {field}"
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _describe(name: str, path: Path, field: str, section: Corpus, places: int) -> SourceFile:
    try:
        if path.is_dir():
            raise UserMistake(f"{name}: a folder, not a file; name the files in it, such as {name}/*.po, in {field}")
        if not path.is_file():
            looked = path.parent if name.startswith(PACKAGE) else Path.cwd()
            raise UserMistake(f"{name}: no such file (looked in {looked}); correct {field}")
        if path.stat().st_size == 0:
            raise UserMistake(f"{name}: the file is empty; fill it, or correct {field}")
        form = _format(name, field, section.format, places)
        return SourceFile(name, path, digest_of_file(path), form, section.encoding)
    except OSError as error:
        raise UserMistake(f"{name}: cannot be read ({error.strerror}); correct {field}") from None


def _format(name: str, field: str, chosen: str, places: int) -> str:
    """The format of a file: what the recipe says, else what its name says."""
    path = urlsplit(name).path if name.startswith(URLS) else name
    ending = path.lower().removesuffix(".gz").rpartition(".")[2]
    if places == 2:
        if chosen in TABLES or (chosen == "auto" and ending in ENDINGS):
            raise UserMistake(
                f"{name}: two places are aligned lines of text, and this is {chosen if chosen in TABLES else ending}; "
                f"give one place in {field} (a pattern such as *.tsv for several), or set corpus.format to lines"
            )
        return "lines"
    if chosen == "lines":
        raise UserMistake(f"{name}: aligned lines need two places in {field}, the source first and then the target")
    if chosen == "auto" and ending not in ENDINGS:
        choices = ", ".join(TABLES)
        raise UserMistake(f"{name}: the name does not tell the format; set corpus.format to one of {choices}")
    return ending if chosen == "auto" else chosen
