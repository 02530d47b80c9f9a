"""Every row of a file comes through with its columns, and what cannot be read says why."""

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqloom.bulk.reading import Input, Rows, open_input
from seqloom.mistake import UserMistake

LINES = b"\xef\xbb\xbfone\r\n\ntwo\xe2\x80\xa8still two\nb\xffd\n"
TSV = b'id\tsource\n1\tone "quoted\n2\n3\tthree\tmore\n4\tb\xffd\n'
CSV = b'id,source\n1,"one\ntwo"\n2,three\n'
JSONL = (
    b'{"source": "one", "id": 1}\n{"source": null}\n\n{"source": 3, "id": {"a": "\xc3\xbc"}}\n{bad\n{"source": "x"}\n'
)


def whole(file: Input, size: int = 1000) -> list[Rows]:
    return list(file.shards(size))


def write(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


@pytest.mark.parametrize("ending", ["", ".gz"])
@pytest.mark.parametrize(
    ("name", "content", "columns", "texts", "wrong"),
    [
        (
            "a.txt",
            LINES,
            {"source": ["one", "", "two\u2028still two", "b?d"]},
            ["one", "", "two\u2028still two", "b\udcffd"],
            {3: "byte 0xff is not UTF-8"},
        ),
        (
            "a.tsv",
            TSV,
            {"id": ["1", "2", "3", "4"], "source": ['one "quoted', None, "three", "b?d"]},
            ['one "quoted', None, "three", "b\udcffd"],
            {
                1: "line 3 has 1 fields and not 2",
                2: "line 4 has 3 fields and not 2",
                3: "byte 0xff is not UTF-8",
            },
        ),
        ("a.csv", CSV, {"id": ["1", "2"], "source": ["one\ntwo", "three"]}, ["one\ntwo", "three"], {}),
        (
            "a.jsonl",
            JSONL,
            {"source": ["one", None, "3", None, "x"], "id": ["1", None, '{"a": "ü"}', None, None]},
            ["one", None, "3", None, "x"],
            {3: "line 5: not valid JSON"},
        ),
    ],
)
def test_every_format(
    name: str,
    content: bytes,
    columns: dict[str, list[object]],
    texts: list[object],
    wrong: dict[int, str],
    ending: str,
    tmp_path: Path,
) -> None:
    file = open_input(write(tmp_path, name + ending, content), "auto", "source")
    [rows] = whole(file)
    assert rows.table.to_pydict() == columns
    assert rows.texts == texts
    assert rows.wrong.keys() == wrong.keys()
    assert all(rows.wrong[row].startswith(reason) for row, reason in wrong.items()), rows.wrong
    assert file.rows == len(texts)


def test_parquet_keeps_its_types(tmp_path: Path) -> None:
    table = pa.table({"n": pa.array([1, None, 3], pa.int16()), "text": pa.array(["a", None, "c"]).dictionary_encode()})
    pq.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    [rows] = whole(open_input(tmp_path / "a.parquet", "auto", "text"))
    assert rows.table.schema.field("n").type == pa.int16()
    assert (rows.table.to_pydict(), rows.texts) == (table.to_pydict(), ["a", None, "c"])


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, 100])
@pytest.mark.parametrize("name", ["a.txt", "a.parquet"])
def test_shards_are_the_file_cut_to_size(name: str, size: int, tmp_path: Path) -> None:
    texts = [f"text {n}" for n in range(7)]
    if name.endswith("parquet"):
        pq.write_table(pa.table({"source": texts}), tmp_path / name, row_group_size=3)
    else:
        write(tmp_path, name, "\n".join(texts).encode())
    shards = [rows.texts for rows in whole(open_input(tmp_path / name, "auto", "source"), size)]
    assert [text for shard in shards for text in shard] == texts
    assert [len(shard) for shard in shards] == [size] * (7 // size) + [7 % size] * (7 % size > 0)


@pytest.mark.parametrize(
    ("name", "content", "column", "sentence"),
    [
        ("a.tsv", TSV, "text", "a.tsv: there is no single column 'text' among its columns .id, source.; name another"),
        ("a.csv", b"", "source", "no single column 'source' among its columns .none."),
        ("a.csv", b"source,prediction\n1,2\n", "source", "has a column 'prediction' already"),
        ("a.csv", b"source\n", "source", "a.csv: holds no rows"),
        ("a.txt", b"", "source", "a.txt: holds no rows"),
        ("a.csv", b'"open\n', "source", "line 1: the CSV row that begins here is malformed"),
        ("a.parquet", b"no", "source", "a.parquet: not a Parquet file"),
        ("a.txt.gz", b"", "source", "holds no rows"),
    ],
)
def test_a_file_that_cannot_be_used(name: str, content: bytes, column: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=sentence) as caught:
        open_input(write(tmp_path, name, content), "auto", column)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match=r"gone\.txt: no such file"):
        open_input(tmp_path / "gone.txt", "auto", "source")
