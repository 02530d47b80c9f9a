"""File formats: dialects, encodings, compressions, shapes of JSON; and unsupported ones, with a remedy."""

import bz2
import gzip
import io
import json
import lzma
import struct
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus import json_documents
from seqloom.corpus.pairs import RawPair
from seqloom.corpus.readers import read_pairs
from seqloom.corpus.sources import locate

from .files import corpus, encoded, pairs_in, refusal, source_file

PAIRS = [("one; two, three", "eins"), ('say "so"', "sag ‚so‘"), ("tab\tand | bar", "ä"), ("last", "2")]


def read(path: Path, content: bytes, **fields: object) -> list[tuple[str, str]]:
    path.write_bytes(content)
    section = corpus(**{"train": [str(path)], **fields})
    return [(pair.source, pair.target) for pair in pairs_in(locate(section, path.parent).train.rows[0], section)]


def table(delimiter: str, escape: str, space: str, quote_all: bool) -> str:
    def written(field: str) -> str:
        quoted = quote_all or any(letter in field for letter in f'"\r\n{delimiter}\\')
        body = field.replace("\\", "\\\\") if escape == "\\" else field
        return '"' + body.replace('"', f'{escape}"') + '"' if quoted else field

    rows = [("source", "target"), *PAIRS]
    return "".join(f"{delimiter}{space}".join(map(written, row)) + "\n" for row in rows)


@pytest.mark.parametrize("told_so", [False, True])
@pytest.mark.parametrize("quote_all", [False, True])
@pytest.mark.parametrize("space", ["", " "])
@pytest.mark.parametrize("escape", ['"', "\\"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_dialect_is_found(
    delimiter: str, escape: str, space: str, quote_all: bool, told_so: bool, tmp_path: Path
) -> None:
    fields = {"delimiter": delimiter, "escape": "doubled" if escape == '"' else "backslash"} if told_so else {}
    found = read(tmp_path / "a.csv", table(delimiter, escape, space, quote_all).encode(), **fields)
    assert [(source.strip(), target.strip()) for source, target in found] == PAIRS


@pytest.mark.parametrize("name", ["sep=;\r\n", '"sep=;"\n'])
def test_the_line_of_excel_is_believed(name: str, tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + name.encode() + b"source;target\r\na, b;c\r\n"
    assert read(tmp_path / "a.csv", content) == [("a, b", "c")]


def test_a_delimiter_that_is_found_needs_the_columns(tmp_path: Path) -> None:
    assert read(tmp_path / "a.csv", b"1;a;x\n2;b;y\n", header=False, source_column="2", target_column="3") == [
        ("a", "x"),
        ("b", "y"),
    ]
    assert "no column 'source' among en, de" in refusal(tmp_path / "b.csv", b"en;de\na;b\n")


def test_a_cell_of_any_length_is_read(tmp_path: Path) -> None:
    long = "x" * 200_000
    assert read(tmp_path / "a.csv", f"source,target\n{long},b\n".encode()) == [(long, "b")]


@given(
    pairs=st.lists(st.tuples(st.text("aä;,\"'\n \\|", min_size=1), st.text('bß, ;"')), min_size=1, max_size=8),
    encoding=st.sampled_from(["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
    told_so=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_a_mark_is_believed(pairs: list[tuple[str, str]], encoding: str, told_so: bool) -> None:
    mark = "\ufeff" if encoding[-3:] in ("-le", "-be") else ""
    content = (mark + encoded(pairs, "csv").decode()).encode(encoding)
    fields = {"encoding": "utf-16"} if told_so else {}
    with tempfile.TemporaryDirectory() as folder:
        assert read(Path(folder) / "a.csv", content, **fields) == pairs


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("iso-8859-2", "žluťoučký kůň"),
        ("cp1250", "Příliš žluťoučký"),
        ("cp1251", "Съешь же ещё"),
        ("koi8-r", "Съешь же ещё"),
        ("iso-8859-15", "zwölf € für"),
        ("euc_jp", "日本語のテキスト"),
        ("cp949", "똠방각하"),
        ("cp874", "ภาษาไทย"),
        ("utf-16", "ascii and ü"),
    ],
)
def test_more_encodings(encoding: str, text: str, tmp_path: Path) -> None:
    content = f"source\ttarget\n{text}\t1\n".encode("utf-16-le" if encoding == "utf-16" else encoding)
    assert read(tmp_path / "a.tsv", content, encoding=encoding) == [(text, "1")]


@pytest.mark.parametrize(
    ("content", "encoding", "said"),
    [
        (
            "source\ttarget\nähnlich\tü\n".encode(),
            "latin-1",
            "is UTF-8 (2 characters of several bytes at its beginning)",
        ),
        ("source\ttarget\nähnlich\tü\n".encode("utf-16-le"), "utf-8", "set corpus.encoding to utf-16"),
        (b"source\ttarget\na\tb\n", "utf-16", "is not UTF-16, as corpus.encoding says"),
    ],
)
def test_an_encoding_that_contradicts_the_file(content: bytes, encoding: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path / "a.tsv", content, encoding=encoding)


PO = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; "\n"charset={}\\n"\n\nmsgid "file"\nmsgstr "Fíle žluť"\n'


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "cp1250", "utf-16"])
@pytest.mark.parametrize("charset", ["UTF-8", "utf8", "ISO-8859-2", "CHARSET", "UTF-16"])
def test_a_catalog_is_in_the_charset_of_its_header(charset: str, encoding: str, tmp_path: Path) -> None:
    codec = "utf-8" if charset == "CHARSET" else charset
    if charset == "CHARSET" and encoding != "utf-8":  # nothing tells but the field, and it is wrong
        assert "UTF-" in refusal(tmp_path / "a.po", PO.format(charset).encode(codec), encoding=encoding)
    else:
        content = PO.format(charset).encode(codec)
        assert read(tmp_path / "a.po", content, encoding=encoding) == [("file", "Fíle žluť")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            PO.format("ISO-8859-1").encode(),
            "is UTF-8 (3 characters of several bytes at its beginning), and the charset in",
        ),
        (PO.format("klingon").encode(), "charset=klingon, which is no encoding known here"),
        (PO.format("unicode_escape").encode(), "charset=unicode_escape, which is no encoding known here"),
        (PO.format("UTF-8").encode("cp1250"), "line 7: byte 0xed is not UTF-8; correct the charset in its header"),
    ],
)
def test_a_header_that_contradicts_its_catalog(content: bytes, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path / "a.po", content, encoding="latin-1")


def compiled(entries: list[tuple[bytes, bytes]]) -> bytes:
    at = 28 + 16 * len(entries)
    tables: list[list[int]] = [[], []]
    body = b""
    for entry in entries:
        for side, text in enumerate(entry):
            tables[side] += [len(text), at + len(body)]
            body += text + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(entries), 28, 28 + 8 * len(entries), 0, 0)
    return head + struct.pack(f"<{4 * len(entries)}I", *tables[0], *tables[1]) + body


@pytest.mark.parametrize("charset", ["UTF-8", "ISO-8859-1"])
def test_a_compiled_catalog_has_a_charset_too(charset: str, tmp_path: Path) -> None:
    header = f"Content-Type: text/plain; charset={charset}\n".encode()
    entries = [(b"", header), (b"menu\x04file", "Fíle".encode(charset)), (b"cat\0cats", b"Katze\0Katzen")]
    assert read(tmp_path / "a.mo", compiled(entries)) == [("file", "Fíle"), ("cat", "Katze"), ("cats", "Katzen")]


def zipped(content: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("folder/a.tsv", content)
        file.writestr("__MACOSX/folder/._a.tsv", b"mac")
    return archive.getvalue()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
    "zst": lambda content: pa.compress(content, "zstd", asbytes=True),
    "zip": zipped,
}


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("packer", PACKERS)
def test_what_packed_a_file_is_told_by_its_bytes(packer: str, named: bool, tmp_path: Path) -> None:
    pairs = [(f"text {n}", f"Text {n}") for n in range(5000)]
    content = PACKERS[packer](encoded(pairs, "tsv"))
    assert read(tmp_path / (f"a.tsv.{packer}" if named else "a.tsv"), content) == pairs
    assert "damaged" in refusal(tmp_path / "b.tsv", content[: len(content) // 2])


def test_an_archive_tells_the_format_by_what_is_in_it(tmp_path: Path) -> None:
    assert read(tmp_path / "a.zip", zipped(encoded(PAIRS[:1], "tsv"))) == PAIRS[:1]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", [True, False])
def test_lines_of_any_system(end: str, last: bool, tmp_path: Path) -> None:
    content = end.join(["source\ttarget", "a\tb", "c\td"]) + (end if last else "")
    assert read(tmp_path / "a.tsv", content.encode()) == [("a", "b"), ("c", "d")]
    assert read(tmp_path / "a.csv", content.replace("\t", ",").encode()) == [("a", "b"), ("c", "d")]


ROWS = [{"source": f"text {n}", "target": f"Text {n}", "n": n} for n in range(3)]


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("wrapped", [None, "data", "train", "after"])
def test_json_in_every_shape(wrapped: str | None, count: int, indent: int | None, name: str, tmp_path: Path) -> None:
    rows = ROWS[:count]
    value: object = rows
    if wrapped:
        value = {"version": "1", wrapped: rows} if wrapped == "data" else {wrapped: rows, "n": [1, 2]}
    content = json.dumps(value, indent=indent).encode()
    assert read(tmp_path / name, content) == [(row["source"], row["target"]) for row in rows]


@pytest.mark.parametrize("between", ["\n", ",\n", "\n\n"])
def test_objects_one_behind_the_other(between: str, tmp_path: Path) -> None:
    array = between == ",\n"
    body = between.join(json.dumps(row, indent=None if array else 2) for row in ROWS)
    content = f"[\n{body}\n]" if array else body
    section = corpus(train=[str(tmp_path / "a.json")])
    (tmp_path / "a.json").write_text(content)
    pairs = pairs_in(locate(section, tmp_path).train.rows[0], section)
    assert [pair.source for pair in pairs] == [row["source"] for row in ROWS]
    lines = content.splitlines()
    assert all(f'"{pair.source}"' in "".join(lines[pair.line - 1 : pair.line + 4]) for pair in pairs)
    assert lines[pairs[-1].line - 1].startswith("{")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[{"source": "a", "target": "b"},\n{"source": ]', "line 2: not valid JSON"),
        (b'[{"source": "a", "target": "b"}\n{"source": "c", "target": "d"}]', "line 2: not valid JSON"),
        (b'{"a": [{"x": 1}], "b": [{"y": 1}]}', "several arrays of rows (a, b); write each into a file of its own"),
        (b'[\n{"source": "a", "target": "b"},\n5]', "line 3: not a JSON object"),
    ],
)
def test_a_document_that_is_malformed(content: bytes, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path / "a.json", content)


VALUES = [
    ("0", 0),
    ("-7", -7),
    ("1.5", 1.5),
    ("true", True),
    ("false", False),
    ("", None),
    ("", float("nan")),
    ("x", "x"),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_a_value_is_called_as_json_spells_it(text: str, value: object, tmp_path: Path) -> None:
    rows = [{"source": "a", "target": value}, {"source": value, "target": "b"}]
    lines = "\n".join(map(json.dumps, rows)).encode()
    assert read(tmp_path / "a.jsonl", lines) == read(tmp_path / "a.json", json.dumps(rows).encode())
    assert read(tmp_path / "a.jsonl", lines) == [("a", text), (text, "b")]
    pq.write_table(pa.table({"source": ["a"], "target": [value]}), tmp_path / "p.parquet")
    assert read(tmp_path / "b.parquet", (tmp_path / "p.parquet").read_bytes()) == [("a", text)]


NESTED = {
    "t": {"en": "a", "de": {"x": "b"}},
    "t.de": {"x": "whole"},
    "l": ["p", {"q": 2}],
    "a.b": "dot",
    "a": {"b": "in"},
}


@pytest.mark.parametrize(
    ("key", "text"), [("t.en", "a"), ("t.de.x", "whole"), ("l.0", "p"), ("l.1.q", "2"), ("a.b", "dot")]
)
def test_a_dot_leads_inside(key: str, text: str, tmp_path: Path) -> None:
    fields = {"source_column": key, "target_column": "t.en"}
    assert read(tmp_path / "a.jsonl", json.dumps(NESTED).encode(), **fields) == [(text, "a")]
    assert read(tmp_path / "a.json", json.dumps({"data": [NESTED]}).encode(), **fields) == [(text, "a")]


def test_a_key_that_is_further_inside_is_named(tmp_path: Path) -> None:
    said = refusal(tmp_path / "a.jsonl", b'{"translation": {"en": "a", "de": "b"}}\n', source_column="en")
    assert "no key 'en' (its keys: translation); it may be translation.en; correct corpus.source_column" in said


def test_columns_of_structs_in_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.table({"translation": [{"en": "a", "de": "b"}], "n": [1]}), tmp_path / "a.bin")
    fields = {"source_column": "translation.en", "target_column": "translation.de"}
    assert read(tmp_path / "a.any", (tmp_path / "a.bin").read_bytes(), **fields) == [("a", "b")]
    assert "set corpus.format to parquet" in refusal(tmp_path / "b", (tmp_path / "a.bin").read_bytes(), format="csv")
    assert "not a Parquet file that can be read" in refusal(tmp_path / "c.parquet", b"PAR1 and nothing")


def office(*names: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    return archive.getvalue()


FOREIGN = [
    ("a.xlsb", office("[Content_Types].xml", "xl/workbook.bin"), "is a spreadsheet of another form than XLSX"),
    ("a.csv", office("[Content_Types].xml", "xl/workbook.bin"), "is a spreadsheet"),
    ("a.docx", office("[Content_Types].xml", "word/document.xml"), "is a text document"),
    ("a.ts", b'<?xml version="1.0"?>\n<!DOCTYPE TS><TS version="2.1"/>', "ts2po"),
    ("a.xml", '<?xml version="1.0"?><!DOCTYPE x><x/>'.encode("utf-16"), "is an XML file"),
    ("a.csv", b"<!DOCTYPE html><html>log in</html>", "an HTML page, perhaps of a login"),
    ("a.tsv", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "git lfs pull"),
    ("a.tsv", b"SQLite format 3\0", "is a database"),
    ("a.sqlite", b"x", "is a database"),
    ("a.pkl", b"x", "which can run any code"),
    ("a.feather", b"FEA1", "pandas.read_feather"),
    ("a.pdf", b"%PDF-1.7", "pandoc"),
    (
        "a.csv",
        b"7z\xbc\xaf\x27\x1cxxxx",
        "is packed by 7-Zip; unpack it, or pack it by gzip, bzip2, xz, zstandard or zip",
    ),
    ("a.csv", office("a.csv", "b.csv"), "a zip archive with 2 files (a.csv, b.csv)"),
    ("a.csv", b"a" * 257 + b"ustar" + b"a" * 300, "damaged tar data"),
]


@pytest.mark.parametrize(("name", "content", "said"), FOREIGN)
def test_a_format_that_is_not_read_is_told_with_a_remedy(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    sentence = refusal(tmp_path / name, content)
    assert sentence.startswith(f"{tmp_path}/{name}: ")
    assert said in sentence
    assert "\n" not in sentence


def test_text_may_look_like_markup_where_it_is_called_text(tmp_path: Path) -> None:
    assert read(tmp_path / "a.html", b"<html> is\na tag\n", format="texts") == [("<html> is",) * 2, ("a tag",) * 2]


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('ä"\\\n{}[],:\u2028', max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('a"b', max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(
    rows=st.lists(st.fixed_dictionaries({"x": JSON_VALUES, "n": st.integers()}), min_size=1, max_size=6),
    shape=st.sampled_from(["array", "wrapped", "behind"]),
    indent=st.sampled_from([None, 0, 2]),
    ascii_only=st.booleans(),
    size=st.sampled_from([1, 7, 64, 1 << 16]),
)
@settings(max_examples=80, deadline=None)
def test_a_document_is_read_alike_in_pieces_of_any_size(
    rows: list[dict[str, object]], shape: str, indent: int | None, ascii_only: bool, size: int
) -> None:
    document: object = {
        "array": rows,
        "wrapped": {"meta": {"data": [1]}, "other": [1, {}], "data": rows, "none": []},
        "behind": {"rows": rows, "version": 1},
    }[shape]
    content = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_documents, "HEAD", size)
        file = source_file(Path(folder) / "a.json", content, "jsonl")
        elements = list(json_documents.document_elements(file))
    assert [element.value for element in elements] == rows
    assert not [element.problem for element in elements if element.problem]
    lines = content.split("\n")
    assert all(element.text[:9] in "\n".join(lines[element.line - 1 :]) for element in elements)


def test_an_array_takes_the_memory_of_a_row(tmp_path: Path) -> None:
    for name, content in (
        ("line.json", json.dumps([{"source": f"row {n}", "target": "x" * 300} for n in range(20_000)])),
        (
            "data.json",
            json.dumps({"v": 1, "data": [{"source": f"row {n}", "target": "x" * 300} for n in range(20_000)]}),
        ),
    ):
        (tmp_path / name).write_text(content, encoding="utf-8")
        section = corpus(train=[str(tmp_path / name)])
        row = locate(section, tmp_path).train.rows[0]
        tracemalloc.start()
        assert sum(pair.target == "x" * 300 for pair in read_pairs(row, section) if isinstance(pair, RawPair)) == 20_000
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 3_000_000


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'[{"source": "a", "target": "b"},\n{"source": "c', "line 2: not valid JSON (Unterminated string"),
        (b'[{"source": "a", "target": "b"},\n', "not valid JSON (Expecting value)"),
        (b'{"data": [{"source": "a", "target": "b"}], "x" 1}', "line 1: not valid JSON"),
        (b'[{"source": "a", "target": "b"},\n{"source": "\xff", "target": "b"}]', "byte 0xff is not UTF-8"),
        (b'[\n{"n": ' + b"[" * 100_000 + b"]", "line 2: numbers too long or brackets too deep"),
    ],
)
def test_a_document_that_breaks_off(content: bytes, said: str, tmp_path: Path) -> None:
    assert said in refusal(tmp_path / "a.json", content)


def test_a_row_that_never_ends_does_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_documents, "_LONGEST", 1 << 18)
    content = b'[{"source": "a", "target": "b"},\n{"source": "' + b"x" * (1 << 21) + b'"}]'
    assert "line 2: over 0 million characters of one value" in refusal(tmp_path / "a.json", content)
