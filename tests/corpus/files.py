"""Files for the tests of the corpus."""

import csv
import gzip
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import write_po

from seqloom.artifact.digest import digest_of_file
from seqloom.corpus.corpus_files import CorpusWriter
from seqloom.corpus.pairs import RawPair, Unreadable
from seqloom.corpus.readers import read_pairs
from seqloom.corpus.sources import SourceFile, locate
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection

_KEPT = pa.schema([("source", pa.string()), ("target", pa.string()), ("origin", pa.string()), ("line", pa.int32())])
Pairs = Sequence[tuple[str, str]]


def corpus(**fields: Any) -> CorpusSection:
    return CorpusSection(**{"train": ["unused.tsv"], **fields})


def source_file(path: Path, content: str | bytes, kind: str) -> SourceFile:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return SourceFile(path.name, path, digest_of_file(path), kind)


def pairs_in(files: tuple[SourceFile, ...], section: CorpusSection) -> list[RawPair]:
    """The pairs of files in which every row can be read."""
    rows = list(read_pairs(files, section))
    assert not [row for row in rows if isinstance(row, Unreadable)]
    return [row for row in rows if isinstance(row, RawPair)]


def told(files: tuple[SourceFile, ...], section: CorpusSection) -> list[str]:
    """What is said of each row that cannot be read, and of a file that cannot be."""
    said = []
    try:
        for row in read_pairs(files, section):
            if isinstance(row, Unreadable):
                said.append(f"{row.location} line {row.line}: {row.problem}")
    except UserError as mistake:
        said.append(str(mistake))
    return said


def refusal(path: Path, content: str | bytes | None = None, **fields: object) -> str:
    """The first thing that is said of a file of training text, which is written first if its content is given."""
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    section = corpus(**{"train": [str(path)], **fields})
    try:
        return told(locate(section, path.parent).train.rows[0], section)[0]
    except UserError as mistake:
        return str(mistake)


def encoded(pairs: Pairs, kind: str) -> bytes:
    """The bytes of a file of this kind that holds the pairs."""
    match kind:
        case "tsv":
            return "".join(f"{source}\t{target}\n" for source, target in [("source", "target"), *pairs]).encode()
        case "csv":
            text = io.StringIO(newline="")
            csv.writer(text).writerows([("source", "target"), *pairs])
            return text.getvalue().encode()
        case "jsonl":
            rows = [json.dumps({"source": source, "target": target}) for source, target in pairs]
            return "\n".join(rows).encode()
    catalog = Catalog()
    for source, target in pairs:
        catalog.add(source, target)
    content = io.BytesIO()
    (write_po if kind == "po" else write_mo)(content, catalog)
    return content.getvalue()


def squeezed(content: bytes, squeeze: bool) -> bytes:
    return gzip.compress(content, compresslevel=1) if squeeze else content


def keep(writer: CorpusWriter, split: str, pairs: Pairs) -> None:
    """Write pairs to a split, numbered from 1."""
    rows = [(*pair, "file", line) for line, pair in enumerate(pairs, start=1)]
    names = ("source", "target", "origin", "line")
    writer.keep(split, pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], _KEPT))
