"""Arrow files, Excel workbooks, and folders: a data set of Hugging Face, documents."""

import datetime
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from seqloom.corpus.column_preview import preview
from seqloom.corpus.column_roles import detect_roles
from seqloom.corpus.sources import locate

from .files import corpus, pairs_in, refusal, told

PAIRS = [("a dog", "ein Hund"), ("a cat", "eine Katze"), ("", "leer"), ("ü 😀", "中")]


def read(place: Path, **fields: object) -> list[tuple[str, str]]:
    section = corpus(**{"train": [str(place)], **fields})
    return [
        (pair.source, pair.target)
        for files in locate(section, place.parent).train.rows
        for pair in pairs_in(files, section)
    ]


def table(pairs: list[tuple[str, str]]) -> pa.Table:
    return pa.table(
        {"source": [source for source, _ in pairs], "target": [target for _, target in pairs], "n": [1] * len(pairs)}
    )


def write_file(path: Path, rows: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows, max_chunksize=2)


def write_stream(path: Path, rows: pa.Table) -> None:
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_table(rows, max_chunksize=2)


WRITERS: dict[str, Callable[[Path, pa.Table], None]] = {
    "file": write_file,
    "stream": write_stream,
    "feather": lambda path, rows: pyarrow.feather.write_feather(rows, path, compression="zstd"),
}


@pytest.mark.parametrize("writer", WRITERS)
def test_arrow_in_every_form(writer: str, tmp_path: Path) -> None:
    WRITERS[writer](tmp_path / "a.arrow", table(PAIRS))
    assert read(tmp_path / "a.arrow") == PAIRS
    named = (tmp_path / "a.arrow").rename(tmp_path / "a.any")
    if writer != "stream":  # a stream has no mark
        assert read(named) == PAIRS
    assert read(named, format="arrow") == PAIRS
    roles = detect_roles(preview(str(named.rename(tmp_path / "a.feather")), tmp_path))
    assert roles is not None
    assert (roles.source, roles.target) == ("source", "target")


def test_arrow_of_structs_dictionaries_and_numbers(tmp_path: Path) -> None:
    rows = pa.table({
        "translation": [{"en": "a", "de": "b"}, {"en": "c", "de": None}],
        "label": pa.array(["pos", "neg"]).dictionary_encode(),
        "n": [1, 2],
    })  # fmt: skip
    write_file(tmp_path / "a.arrow", rows)
    fields = {"source_column": "translation.en"}
    assert read(tmp_path / "a.arrow", **fields, target_column="translation.de") == [("a", "b"), ("c", "")]
    assert read(tmp_path / "a.arrow", **fields, target_column="label") == [("a", "pos"), ("c", "neg")]
    assert read(tmp_path / "a.arrow", **fields, target_column="n") == [("a", "1"), ("c", "2")]
    assert "no key 'no'" in refusal(tmp_path / "a.arrow", target_column="no", **fields)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("cut", [9, 100, -1])
def test_a_cut_arrow_file_is_a_sentence(writer: str, cut: int, tmp_path: Path) -> None:
    WRITERS[writer](tmp_path / "a.arrow", table(PAIRS))
    content = (tmp_path / "a.arrow").read_bytes()
    (tmp_path / "b.arrow").write_bytes(content[: cut if cut > 0 else 2 * len(content) // 3])
    said = refusal(tmp_path / "b.arrow")
    assert said.startswith(f"{tmp_path}/b.arrow row ")
    assert "not an Arrow file that can be read" in said
    assert "\n" not in said


@settings(max_examples=60, deadline=None)
@given(place=st.integers(8, 700), byte=st.integers(0, 255), writer=st.sampled_from(["file", "stream"]))
def test_a_damaged_arrow_file_crashes_nothing(place: int, byte: int, writer: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.arrow"
        WRITERS[writer](path, table(PAIRS))
        content = bytearray(path.read_bytes())
        content[place % len(content)] = byte
        path.write_bytes(content)
        section = corpus(train=[str(path)])
        said = told(locate(section, path.parent).train.rows[0], section)
        assert all("\n" not in sentence and "a.arrow" in sentence for sentence in said)


TEXT = st.text(st.characters(codec="utf-8"))


@settings(max_examples=25, deadline=None)
@given(pairs=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=7), writer=st.sampled_from([*WRITERS]))
def test_arrow_written_is_arrow_read(pairs: list[tuple[str, str]], writer: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        WRITERS[writer](Path(folder) / "a.arrow", table(pairs))
        assert read(Path(folder) / "a.arrow") == pairs


def write_book(path: Path, **sheets: list[list[object]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_a_workbook(tmp_path: Path) -> None:
    day = datetime.datetime(2026, 11, 30, 5, 0)
    path = write_book(
        tmp_path / "a.xlsx",
        first=[["source", "target", "n"], ["a dog", "ein Hund", 1], [], ["a\ncat", None, 2.5], [3, True], [1.5, day]],
        second=[["en", "de"], ["x", "y"]],
    )
    section = corpus(train=[str(path)])
    pairs = pairs_in(locate(section, tmp_path).train.rows[0], section)
    assert [(pair.source, pair.target, pair.line) for pair in pairs] == [
        ("a dog", "ein Hund", 2),
        ("a\ncat", "", 4),
        ("3", "true", 5),
        ("1.5", "2026-11-30T05:00:00", 6),
    ]
    assert read(path, sheet="second", source_column="de", target_column="en") == [("y", "x")]
    assert read(path, sheet="second", header=False, source_column="1", target_column="2") == [("en", "de"), ("x", "y")]
    assert "no sheet 'third' among first, second; correct corpus.sheet" in refusal(path, sheet="third")
    assert "no column 'fr' among source, target, n" in refusal(path, target_column="fr")
    assert "is an Excel workbook and not csv; set corpus.format to excel" in refusal(path, format="csv")
    assert read(path.rename(tmp_path / "a.any"))[0] == ("a dog", "ein Hund")


def test_cells_beside_the_table_are_a_reject(tmp_path: Path) -> None:
    path = write_book(tmp_path / "a.xlsx", s=[["source", "target"], ["a", "b", None, "note"], ["c", "d"]])
    assert refusal(path) == f"{path} line 2: has 4 fields where line 1 has 2; correct the line"


def test_init_reads_a_workbook(tmp_path: Path) -> None:
    path = write_book(tmp_path / "a.xlsx", s=[["english", "german"], *[[f"a dog {n}", f"ein Hund {n}"] for n in "xyz"]])
    roles = detect_roles(preview(str(path), tmp_path))
    assert roles is not None
    assert (roles.source, roles.target, roles.source_language) == ("english", "german", "en")


CELL = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=20).filter(
    lambda text: not text.startswith("=") and text == text.strip()
)


@settings(max_examples=15, deadline=None)
@given(pairs=st.lists(st.tuples(CELL.filter(bool), CELL), min_size=1, max_size=6))
def test_a_workbook_written_is_read(pairs: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert read(write_book(Path(folder) / "a.xlsx", s=[["source", "target"], *map(list, pairs)])) == pairs


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
SHARED = (
    f"<sst {MAIN}><si><t>source</t></si><si><t>target</t></si><si><r><t>a </t></r><r><t>dog</t></r></si></sst>".encode()
)
SHEET = (
    f'<worksheet {MAIN}><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
    '<row r="3"><c r="A3" t="s"><v>2</v></c><c r="B3" t="b"><v>1</v></c></row></sheetData></worksheet>'
).encode()
BOMB = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>'
FETCHED = b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


TYPES = "[Content_Types].xml"
TYPE_OF_SHARED = (
    b'<Override PartName="/xl/sharedStrings.xml" '
    b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>'
)


def write_shared(path: Path, shared: bytes = SHARED, sheet: bytes = SHEET, drop: str = "") -> Path:
    """A workbook as Excel writes it, with the texts of cells in a table of their own."""
    write_book(path.with_name("empty.xlsx"), s=[])
    with zipfile.ZipFile(path.with_name("empty.xlsx")) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name != drop}
    parts |= {"xl/sharedStrings.xml": shared, "xl/worksheets/sheet1.xml": sheet}
    if TYPES in parts:
        parts[TYPES] = parts[TYPES].replace(b"</Types>", TYPE_OF_SHARED + b"</Types>")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_a_workbook_with_shared_texts(tmp_path: Path) -> None:
    section = corpus(train=[str(write_shared(tmp_path / "a.xlsx"))])
    [pair] = pairs_in(locate(section, tmp_path).train.rows[0], section)
    assert (pair.source, pair.target, pair.line) == ("a dog", "true", 3)


DAMAGE: dict[str, dict[str, Any]] = {
    "cut": {"sheet": SHEET[:-60]},
    "nothing": {"sheet": b""},
    "a bomb": {"sheet": BOMB + SHEET.replace(b"<v>2", b"<v>&b;")},
    "a bomb of texts": {"shared": BOMB + SHARED.replace(b"dog", b"&b;")},
    "an external entity": {"shared": FETCHED + SHARED.replace(b"dog", b"&a;")},
    "no relations": {"drop": "xl/_rels/workbook.xml.rels"},
    "no types": {"drop": TYPES},
    "a text that is not there": {"sheet": SHEET.replace(b"<v>2", b"<v>999")},
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_workbook_is_a_sentence(damage: str, tmp_path: Path) -> None:
    path = write_shared(tmp_path / "a.xlsx", **DAMAGE[damage])
    said = refusal(path)
    assert said.startswith(f"{path} row ")
    assert "\n" not in said
    assert "not an Excel workbook that can be read" in said


def test_a_workbook_that_would_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_book(tmp_path / "a.xlsx", s=[["source", "target"], ["a", "b"]])
    monkeypatch.setattr("seqloom.corpus.excel_sheets._UNPACKED", 1000)
    assert "MiB, which would fill the memory; save it as CSV UTF-8" in refusal(path)


def save_to_disk(folder: Path, **shards: list[tuple[str, str]]) -> None:
    """What Dataset.save_to_disk of Hugging Face's datasets 4 writes."""
    folder.mkdir(parents=True)
    for name, pairs in shards.items():
        write_stream(folder / f"{name}.arrow", table(pairs))
    state = {"_data_files": [{"filename": f"{name}.arrow"} for name in shards], "_format_type": None, "_split": None}
    (folder / "state.json").write_text(json.dumps(state))
    (folder / "dataset_info.json").write_text(json.dumps({"features": {}, "citation": ""}))


def test_a_data_set_that_was_saved(tmp_path: Path) -> None:
    save_to_disk(tmp_path / "set", b=PAIRS[:2], a=PAIRS[2:])
    assert read(tmp_path / "set") == PAIRS, "in the order of its state"
    assert read(tmp_path / "set" / "") == PAIRS


def test_the_splits_of_a_data_set(tmp_path: Path) -> None:
    for number, split in enumerate(("train", "dev", "test")):
        save_to_disk(tmp_path / "set" / split, x=PAIRS[number : number + 1])
    (tmp_path / "set/dataset_dict.json").write_text('{"splits": ["train", "dev", "test"]}')
    section = corpus(**{split: [str(tmp_path / "set")] for split in ("train", "validation", "test")})
    sources = locate(section, tmp_path)
    for number, split in enumerate(("train", "validation", "test")):
        [files] = getattr(sources, split).rows
        assert [(pair.source, pair.target) for pair in pairs_in(files, section)] == [PAIRS[number]]
    (tmp_path / "set/dataset_dict.json").write_text('{"splits": ["all"]}')
    said = refusal(tmp_path / "set")
    assert f"a data set with the splits all; name the folder of one in corpus.train, such as {tmp_path}/set/all" in said


def test_a_data_set_in_the_cache(tmp_path: Path) -> None:
    (tmp_path / "imdb").mkdir()
    (tmp_path / "imdb/dataset_info.json").write_text("{}")
    for name in ("imdb-train-00000-of-00002", "imdb-train-00001-of-00002", "imdb-test"):
        write_stream(tmp_path / f"imdb/{name}.arrow", table([(name, "x")]))
    assert [source[5:16] for source, _ in read(tmp_path / "imdb")] == ["train-00000", "train-00001"]


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ('{"_data_files": [{"filename": "../secret.arrow"}]}', "lists no shards in order"),
        ('{"_data_files": [{"filename": "/etc/passwd"}]}', "lists no shards in order"),
        ('{"_data_files": []}', "lists no shards in order"),
        ('{"_data_files": [{"filename": "gone.arrow"}]}', "the shard gone.arrow is missing"),
        ('{"_data_files": [{"filename": "x.arrow"}], "_indices_data_files": [1]}', "call flatten_indices()"),
        ("[]", "state.json is no JSON object"),
        ("{", "state.json is no JSON object"),
    ],
)
def test_a_data_set_that_is_broken(state: str, said: str, tmp_path: Path) -> None:
    save_to_disk(tmp_path / "set", x=PAIRS)
    (tmp_path / "set/state.json").write_text(state)
    assert said in refusal(tmp_path / "set")


def test_a_folder_of_documents(tmp_path: Path) -> None:
    for name in ("b.txt", "a/c.md", ".git/x.txt", "a/.hidden.txt", "picture.png", "d"):
        (tmp_path / "docs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "docs" / name).write_text(f"text of {name}\n")
    assert [source for source, _ in read(tmp_path / "docs", format="texts")] == ["text of a/c.md", "text of b.txt"]
    assert len(read(tmp_path / "docs", format="running")) == 2
    assert "a folder, not a file; name the files in it" in refusal(tmp_path / "docs")
    (tmp_path / "empty").mkdir()
    assert "holds no document (*.txt, *.text, *.md, *.rst); correct corpus.train" in refusal(
        tmp_path / "empty", format="texts"
    )
