"""A shard to be read, as text that any process can take: a job in JSON in, a folder and its index in JSON out.

The folder appears by one rename when all is in it, so a process that is killed leaves nothing half written, and a job
that is done twice has one result.
"""

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from seqloom.artifact.fsync import make_durable
from seqloom.corpus.folder_index import is_whole, put_in_place, read_index, write_index
from seqloom.corpus.pairs import Unreadable
from seqloom.corpus.part_files import Part
from seqloom.corpus.rejects import RowCounts
from seqloom.corpus.shard_reader import FileRows, RowSteps, ShardRows, Told, read_shard
from seqloom.corpus.shards import Shard
from seqloom.corpus.sources import RowBlock, SourceFile
from seqloom.corpus.text_normalizers import NormalizedRows
from seqloom.corpus.word_alignment import WordAlignment
from seqloom.recipe.schema import CorpusSection

INDEX = "shard.json"


@dataclass(frozen=True)
class ShardTask:
    """A shard, what is done to its rows, and the folder that is to hold them."""

    shard: Shard
    section: CorpusSection
    keep: bool  # white space stays as it is
    folder: Path
    alignment: Path | None = None  # file of the word alignment, where a filter needs it
    kept: bool = False  # for later runs

    def as_json(self) -> str:
        """Return the task as JSON."""
        shard = asdict(self.shard)
        values = {"shard": shard, "section": self.section.model_dump(), "keep": self.keep, "folder": self.folder}
        return json.dumps({**values, "alignment": self.alignment, "kept": self.kept}, default=str)

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read the JSON of a task."""
        values = json.loads(text)
        files = tuple(tuple(map(_source_file, row)) for row in values["shard"]["files"])
        section = CorpusSection.model_validate(values["section"])
        shard, alignment = Shard(values["shard"]["given_for"], files), values["alignment"]
        model = Path(alignment) if alignment else None
        return cls(shard, section, values["keep"], Path(values["folder"]), model, values["kept"])

    def result(self) -> ShardRows:
        """Return what became of the shard, once it was read."""
        index = read_index(self.folder, INDEX)
        parts = [
            Part(self.folder / name, rows, self.shard.given_for, self.shard.source_name)
            for name, rows in index["parts"]
        ]
        normalized = NormalizedRows.from_json(index["normalized"])
        return ShardRows(parts, list(map(_file_rows, index["files"])), index["replaced"], normalized)

    @property
    def is_done(self) -> bool:
        """Return whether the shard was read, and all of it is there."""
        return is_whole(self.folder, INDEX)

    def run(self, told: Told) -> None:
        """Read the shard, unless that is done.

        Raises:
            UserError: a file violates its format.
        """
        if self.is_done:
            return
        unfinished = Path(tempfile.mkdtemp(prefix=f".{self.folder.name}-", dir=self.folder.parent))
        try:
            alignment = WordAlignment.load(self.alignment) if self.alignment else None
            rows = read_shard(self.shard, RowSteps.of(self.section, self.keep, alignment), unfinished, told)
            write_index(unfinished, INDEX, _index(rows))
            if self.kept:
                make_durable(unfinished)
            put_in_place(unfinished, self.folder, INDEX)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def _source_file(values: Mapping[str, Any]) -> SourceFile:
    block = RowBlock(**values["block"]) if values["block"] else None
    return SourceFile(**{**values, "path": Path(values["path"]), "block": block})


def _index(rows: ShardRows) -> dict[str, object]:
    return {
        "parts": [(part.path.name, part.rows) for part in rows.parts],
        "files": [
            {
                "origin": file.origin,
                "rows": file.rows,
                "read": file.counts.read,
                "unreadable": file.counts.unreadable,
                "first": list(file.counts.first.values()),
            }
            for file in rows.files
        ],
        "replaced": rows.replaced,
        "normalized": rows.normalized.as_json(),
    }


def _file_rows(values: Mapping[str, Any]) -> FileRows:
    first = {row.reason: row for row in (Unreadable(*each) for each in values["first"])}
    counts = RowCounts(values["read"], Counter(values["unreadable"]), first)
    return FileRows(values["origin"], values["rows"], counts)
