"""Tables that are read in blocks have the rows of tables that are read whole."""

import csv
import io
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from seqloom.corpus import csv_blocks, shards
from seqloom.corpus.kept_shards import KeptShards
from seqloom.corpus.pairs import RawPair, Unreadable
from seqloom.corpus.shards import plan_shards
from seqloom.corpus.sources import locate
from seqloom.corpus.tables import read_table
from seqloom.recipe.schema import CorpusSection

CELL = st.text(st.sampled_from('ab",;\t\n\r é'), max_size=6)
ROWS = st.lists(st.tuples(CELL, CELL), max_size=12)
BROKEN = st.lists(
    st.sampled_from(["a,b", '"', '""', "\n", "\r\n", "\r", " ", ",", '"a\nb","c"\n', "sep=;\n"]), max_size=14
)


def table(rows: list[tuple[str, str]], end: str, mark: bool, quoting: int = csv.QUOTE_MINIMAL) -> bytes:
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator=end, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([("source", "target"), *rows])
    return ("\ufeff" * mark + stream.getvalue()).encode()


def read(path: Path, section: CorpusSection) -> Iterator[list[RawPair | Unreadable]]:
    """Yield the rows of each block."""
    for shard in plan_shards(section, locate(section, path.parent)):
        yield from (list(read_table(*files, section)) for files in shard.files)


def blocks_of(content: bytes, form: str = "csv", header: bool = True) -> int:
    """Read a file in blocks of 2 lines and whole, assert that its rows are the same, and return how many there were."""
    with TemporaryDirectory() as name, mock.patch.object(csv_blocks, "_CHUNK", 16):
        path = Path(name) / f"a.{form}"
        path.write_bytes(content)
        columns = {} if header else {"source_column": "1", "target_column": "2"}
        section = CorpusSection.model_validate({"train": [str(path)], "header": header, **columns})
        (whole,) = read(path, section)
        with mock.patch.object(shards, "ROWS", 2):
            parts = list(read(path, section))
    assert list(chain(*parts)) == whole
    return len(parts)


@settings(deadline=None, max_examples=60)
@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]))
def test_blocks_of_csv_have_the_rows_of_the_file(
    rows: list[tuple[str, str]], end: str, mark: bool, quoting: int
) -> None:
    content = table(rows, end, mark, quoting)
    plain = not any("\r" in cell for row in rows for cell in row)
    lines = content.count(b"\n") - sum(cell.count("\n") for row in rows for cell in row)
    divided = blocks_of(content)
    if plain and lines > 12:
        assert divided > 1


@settings(deadline=None, max_examples=60)
@given(BROKEN, st.booleans())
@example(["a,b", "\n", '"', "\n", "a,b", "\n", "a,b", "\n", "a,b", "\n", '"'], True)
def test_so_have_blocks_of_broken_csv(pieces: list[str], header: bool) -> None:
    start = "source,target\n" if header else "a,b\n"
    blocks_of((start + "".join(pieces)).encode(), header=header)


@settings(deadline=None, max_examples=30)
@given(ROWS, st.sampled_from(["\n", "\r\n"]), st.booleans(), st.booleans())
def test_so_have_blocks_of_tsv(rows: list[tuple[str, str]], end: str, mark: bool, header: bool) -> None:
    lines = ["\t".join(row) for row in [("source", "target"), *rows]]
    blocks_of(("\ufeff" * mark + end.join(lines)).encode(), "tsv", header)


def test_a_quoted_cell_is_not_divided() -> None:
    rows = [(f"a\nb {number}", "c\n\n") for number in range(9)]
    assert blocks_of(table(rows, "\r\n", True)) == 9
    assert blocks_of(table(rows, "\n", False).replace(b"a\n", b'a"\n')) == 1, "a mark that may open or close"
    assert blocks_of(b"sep=;\n" + table(rows, "\n", False).replace(b",", b";")) > 3


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_a_table_that_grew_keeps_its_blocks_unless_its_header_changed(tmp_path: Path, form: str) -> None:
    apart = {"csv": ",", "tsv": "\t"}[form]

    def folders(rows: int, more: str = "") -> set[Path]:
        path = tmp_path / f"a.{form}"
        lines = [
            apart.join(["source", "target", "x" + more]),
            *(f"a{apart}b{number}{apart}c" for number in range(rows)),
        ]
        path.write_text("\n".join(lines) + "\n", "utf-8")
        section = CorpusSection(train=[str(path)])
        kept = KeptShards(tmp_path / "artifacts", section, False)
        with mock.patch.object(shards, "ROWS", 500):
            return {kept.folder(shard) for shard in plan_shards(section, locate(section, tmp_path))}

    before = folders(1600)
    assert len(before) == 4
    assert len(folders(1700) - before) == 1
    assert not folders(1600, "y") & before
