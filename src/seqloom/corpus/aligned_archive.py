"""Archives (zip, tar) of aligned files, as OPUS gives them out for Moses: X.de-en.de beside X.de-en.en.

Members are streamed from the archive and never unpacked to the disk.
"""

import re
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from seqloom.corpus.compression import detect_compression, members, tar_members
from seqloom.corpus.language_variants import closest
from seqloom.errors import UserError
from seqloom.recipe.language_tags import language_of
from seqloom.recipe.schema import CorpusSection

_NO_LANGUAGES = ("ids", "txt", "log", "csv", "tsv", "tmx", "tab")  # endings that are codes of languages, too
_SPLITS = {"train": ("train",), "validation": ("valid", "val", "dev"), "test": ("test",)}
_SHOWN = 10  # names in a sentence
Sides = dict[str, str]
"""Members by language, in the order of the archive."""


def archive_pair(path: Path, location: str, field: str, section: CorpusSection) -> tuple[str, ...]:
    """Return the source and the target member of an archive; nothing if it has no aligned files.

    Args:
        path: The archive, or any other file.
        location: What it is called in errors.
        field: Field of the recipe that names it, which chooses among several pairs: corpus.train …
        section: The recipe's languages.

    Raises:
        UserError: a member leads out of the archive, or the languages or the split are not told.
    """
    groups = _aligned(_names(path, location))
    if not groups:
        return ()
    sides = _of_split(groups, location, field)
    source, target = section.source_language, section.target_language
    if not (source and target):
        source, target = _two_languages(sides, source, target, location)
    chosen = [next(iter(closest(wanted, [*sides])), None) for wanted in (source, target)]
    if None in chosen or chosen[0] == chosen[1]:
        raise UserError(
            f"{location}: holds lines in {', '.join(sides)}, not in {' and '.join({source: 0, target: 0})}; correct "
            "corpus.source_language and corpus.target_language"
        )
    names = [*sides.values()]
    return tuple(names[index] for index in chosen if index is not None)


def _names(path: Path, location: str) -> list[str]:
    if detect_compression(path) == "zip":
        try:
            names = members(path)
        except zipfile.BadZipFile:
            return []  # reported when it is opened
    else:
        names = tar_members(path, location)
    for name in names:
        if name.startswith(("/", "\\")) or ".." in PurePosixPath(name.replace("\\", "/")).parts:
            raise UserError(f"{location}: holds {name[:80]!r}, a path that leads out of it; pack it again")
    return names


def _aligned(names: Iterable[str]) -> dict[str, Sides]:
    """Return the members that are named alike but for a language, by what they have in common."""
    groups: dict[str, Sides] = {}
    for name in names:
        stem, _, ending = name.rpartition(".")
        if stem and ending.lower() not in _NO_LANGUAGES and language_of(ending):
            groups.setdefault(stem, {})[ending] = name
    return {stem: sides for stem, sides in groups.items() if len(sides) > 1}


def _of_split(groups: dict[str, Sides], location: str, field: str) -> Sides:
    """Return the only group, or the one whose name has that of the split."""
    split = field.rpartition(".")[2]
    found = [stem for stem in groups if any(name in PurePosixPath(stem).name.lower() for name in _SPLITS[split])]
    if len(groups) > 1 and len(found) != 1:
        shown = ", ".join(f"{stem}.*" for stem in list(groups)[:_SHOWN])
        raise UserError(
            f"{location}: holds several pairs of files ({shown}), and which is meant for {split} is not told by their "
            f"names; unpack it, and name two files in {field}"
        )
    return groups[found[0]] if len(groups) > 1 else next(iter(groups.values()))


def _two_languages(sides: Sides, source: str, target: str, location: str) -> tuple[str, str]:
    """Return the languages of a pair, in the order of its name where that says one, as de-en does."""
    codes = [*sides]
    if len(codes) != 2:
        raise UserError(
            f"{location}: holds lines in {', '.join(codes)}; set corpus.source_language and corpus.target_language"
        )
    if given := source or target:
        rest = [code for index, code in enumerate(codes) if index not in closest(given, codes)]
        other = rest[0] if len(rest) == 1 else given
        return (source, other) if source else (other, target)
    stem = next(iter(sides.values())).rpartition(".")[0]
    if re.search(rf"(^|[^a-zA-Z]){re.escape(codes[1])}[-_]{re.escape(codes[0])}$", stem):
        return codes[1], codes[0]
    return codes[0], codes[1]
