"""Input files: every row keeps its columns, and unreadable rows have an error."""

import gzip
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from seqloom.batch_inference.generation_workers import GenerationWorkers, Shard
from seqloom.batch_inference.input_table import InputTable, Rows, open_input
from seqloom.batch_inference.sharded_generation import BatchInference
from seqloom.corpus.framed_text import framed_row
from seqloom.errors import UserError

LINES = b"\xef\xbb\xbfone\r\n\ntwo\xe2\x80\xa8still two\nb\xffd\n"
TSV = b'id\tsource\n1\tone "quoted\n2\n3\tthree\tmore\n4\tb\xffd\n'
CSV = b'id,source\n1,"one\ntwo"\n2,three\n'
JSONL = (
    b'{"source": "one", "id": 1}\n{"source": null}\n\n{"source": 3, "id": {"a": "\xc3\xbc"}}\n{bad\n{"source": "x"}\n'
)


def whole(file: InputTable, size: int = 1000) -> list[Rows]:
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
        ("a.csv", b"", "source", "a.csv: holds no rows, for the file is empty; give a file of texts"),
        ("a.csv", b"source,prediction\n1,2\n", "source", "has a column 'prediction' already"),
        ("a.csv", b"source\n", "source", "a.csv: holds no rows"),
        ("a.txt", b"", "source", "a.txt: holds no rows"),
        ("a.csv", b'"open\n', "source", "line 1: the CSV row that begins here is malformed"),
        ("a.parquet", b"no", "source", "a.parquet: not a Parquet file"),
        ("a.txt.gz", b"", "source", "holds no rows"),
    ],
)
def test_a_file_that_cannot_be_used(name: str, content: bytes, column: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        open_input(write(tmp_path, name, content), "auto", column)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.txt: no such file"):
        open_input(tmp_path / "gone.txt", "auto", "source")


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.json.gz"])
def test_a_dotted_name_and_values_that_are_no_text(name: str, tmp_path: Path) -> None:
    rows = [
        {"id": 1, "t": {"en": "one"}},
        {"id": 2, "t": {"en": True}},
        {"id": 3, "t": {"en": 4.5}},
        {"id": 4, "t": {}},
    ]
    text = "\n".join(map(json.dumps, rows)) if name.endswith("jsonl") else json.dumps({"data": rows})
    file = open_input(write(tmp_path, name, text.encode()), "auto", "t.en")
    [shard] = whole(file)
    assert (shard.texts, file.outer) == (["one", "true", "4.5", None], "t")
    assert shard.table["id"].to_pylist() == ["1", "2", "3", "4"]


def test_parquet_with_a_dotted_name_and_numbers(tmp_path: Path) -> None:
    values = [{"en": 1.5}, {"en": float("nan")}, {"en": None}]
    pq.write_table(pa.table({"t": values, "n": [1, 2, 3]}), tmp_path / "a.parquet")
    [shard] = whole(open_input(tmp_path / "a.parquet", "auto", "t.en"))
    assert shard.texts == ["1.5", None, None]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfid;source\r\n1;a\r\n2;b\r\n",
        "id,source\n1,a\n2,b\n".encode("utf-16"),
        b"id|source\r1|a\r2|b",
        b"sep=,\nid,source\n1,a\n2,b\n",
    ],
)
def test_csv_is_found_as_the_corpus_finds_it(content: bytes, tmp_path: Path) -> None:
    [shard] = whole(open_input(write(tmp_path, "a.csv", content), "auto", "source"))
    assert (shard.texts, shard.table["id"].to_pylist()) == (["a", "b"], ["1", "2"])


def test_a_malformed_csv_row_fails_alone(tmp_path: Path) -> None:
    content = b'id,source\n1,a\n2,"say "so" to me"\n3,"c"\n4,"never\n5,e\n6,f\n7,g\n'
    [shard] = whole(open_input(write(tmp_path, "a.csv", content), "auto", "source"))
    assert [text for row, text in enumerate(shard.texts) if row not in shard.wrong] == ["a", "c", "e", "f", "g"]
    assert [reason[:32] for reason in shard.wrong.values()] == ["the CSV row that begins here is "] * 2


def test_a_spreadsheet_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a spreadsheet of another form than XLSX which is not read"):
        open_input(write(tmp_path, "a.ods", b"x"), "auto", "source")
    for name, content, what in [("a.tmx", b"<tmx/>", r"\(TMX\)"), ("a.xlsx", b"x", "Excel"), ("a", b"ARROW1", "Arrow")]:
        with pytest.raises(UserError, match=rf"{name}: is an? .*{what}.*, and texts are taken from tables or lines"):
            open_input(write(tmp_path, name, content), "auto", "source")


@pytest.mark.parametrize("kind", ["f4", "f8", "u1"])
def test_features_of_files_travel_to_processes_as_numbers(kind: str, tmp_path: Path) -> None:
    """As text, which JSON makes of an array otherwise, every row of them would be refused."""
    frames = np.array([[1, 0.1 if kind != "u1" else 7], [2, 3]], kind)
    np.save(tmp_path / "a.npy", frames)
    (tmp_path / "rows.csv").write_text("source,audio\none,a.npy\ntwo,a.npy\n")
    table = open_input(tmp_path / "rows.csv", "auto", "source", "audio")
    [rows] = table.shards(5)
    job = BatchInference("m", tmp_path, table, 5, 99)
    sent = json.loads(GenerationWorkers(2)._task(job, Shard(tmp_path, 0, rows)))
    framed = [framed_row(row, 2, "row") for row in sent["texts"]]
    assert framed == ["one", "two"]
    assert all((each.frames == frames.astype(np.float32)).all() for each in framed)
