"""Shards of large corpora that are kept, so that a corpus which has grown reads only what is new.

A shard is known by a digest of all that decides what becomes of it: the bytes of its lines, where they stand, the
fields of the recipe that rows are read and cleaned by, our code and the libraries.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path

from seqloom.artifact.cache_key import CORPUS
from seqloom.artifact.digest import digest_of_code, digest_of_file, digest_of_value
from seqloom.artifact.library_versions import library_versions
from seqloom.corpus.corpus_segment import INDEX as SEGMENT_INDEX
from seqloom.corpus.csv_dialect import SAMPLE
from seqloom.corpus.parquet import digest_of_block
from seqloom.corpus.shard_task import INDEX as SHARD_INDEX
from seqloom.corpus.shards import Shard
from seqloom.corpus.sources import SourceFile
from seqloom.corpus.splits import Shares
from seqloom.recipe.schema import CorpusSection
from seqloom.recipe.sections.source_section import HELD_OUT, PLACES

_FOLDER = "corpus_shards"
_CHUNK = 1 << 20  # bytes
_NOT_OF_ROWS = {
    "train", "validation", "test", "sources", "scheduler", "validation_share", "test_share", "max_reject_share",
    "memory", "memory_similarity", "knowledge", "features", "feature_role", "canaries",
    "teacher", "monolingual_source", "monolingual_target",
}  # fmt: skip
"""Fields that decide which files are read, or what follows when all are."""
_NOT_OF_SOURCE = {*PLACES, "weight", *(f"{split}_share" for split in HELD_OUT)}


class KeptShards:
    """Folders of the shards that a recipe reads."""

    def __init__(self, artifacts: Path, section: CorpusSection, keep: bool, alignment: Path | None = None) -> None:
        """Take the folder of all stages, the recipe, whether white space is kept, and the file of word alignments."""
        self._root = artifacts / _FOLDER
        self._root.mkdir(parents=True, exist_ok=True)
        self._recipe = {
            "code": digest_of_code(CORPUS.code),
            "libraries": library_versions({*CORPUS.libraries, "numpy", "py3langid"}),
            "section": section.model_dump(exclude=_NOT_OF_ROWS),
            "sources": [each.model_dump(exclude=_NOT_OF_SOURCE) for each in section.sources],
            "lists": [digest_of_file(Path(name)) for name in section.list_files if Path(name).is_file()],
            "keep": keep,
            "alignment": digest_of_file(alignment) if alignment else "",
        }

    def folder(self, shard: Shard) -> Path:
        """Return the folder of a shard, whether it is there or not; one that is counts as used now."""
        files = [[_described(file) for file in files] for files in shard.files]
        key = digest_of_value({**self._recipe, "given_for": shard.given_for, "files": files})
        return _used(self._root, key, "rows", SHARD_INDEX)


def segment_folders(artifacts: Path, shards: Sequence[tuple[Path, Shares]]) -> list[Path]:
    """Return the folder of the segment of each shard; it is known by the shards up to its own, and their shares."""
    folders, key = list[Path](), ""
    for shard, shares in shards:
        key = digest_of_value([key, shard.parent.name, asdict(shares)])
        folders.append(_used(artifacts / _FOLDER, key, "segment", SEGMENT_INDEX))
    return folders


def _used(root: Path, key: str, name: str, index: str) -> Path:
    """Return a folder, with a workspace of its own; if it is there, note that it is used now."""
    workspace = root / f"{key[:32]}.work"  # a name that clean-up takes for one, and leaves while it is used
    workspace.mkdir(exist_ok=True)
    folder = workspace / name
    if (folder / index).exists():
        os.utime(folder / index)
    return folder


def _described(file: SourceFile) -> list[object]:
    first = file.block.first if file.block else 1
    place = [file.location, file.source_name, file.format, file.encoding, file.encoding_source, file.member, first]
    if file.block and file.format in ("tsv", "csv"):  # its names and dialect are those of the first lines
        with file.path.open("rb") as stream:
            place.append(hashlib.sha256(b"".join(islice(stream, SAMPLE))).hexdigest())
    return [*place, _digest_of_block(file) if file.block else file.digest]


def _digest_of_block(file: SourceFile) -> str:
    assert file.block
    if file.format == "parquet":
        return digest_of_block(file.path, file.block)
    digest, left = hashlib.sha256(), file.block.end - file.block.begin
    with file.path.open("rb") as stream:
        stream.seek(file.block.begin)
        while chunk := stream.read(min(left, _CHUNK)):
            digest.update(chunk)
            left -= len(chunk)
    return digest.hexdigest()
