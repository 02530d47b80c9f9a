import gzip
import struct
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqloom.corpus.pairs import RawPair
from seqloom.corpus.readers import read_pairs
from seqloom.errors import UserError

from .files import corpus, encoded, pairs_in, source_file, squeezed, told


def text_without(characters: str, min_size: int = 0) -> st.SearchStrategy[str]:
    return st.text(st.characters(codec="utf-8", exclude_characters=characters), min_size=min_size)


# A carriage return before the end of a line is taken for a part of that end.
LINE = text_without("\0\n\r\ufeff")  # NUL at every other byte is a sign of UTF-16
ANYTHING = text_without("\0")
TEXTS = {
    "tsv": text_without("\0\t\n\r"),
    "csv": ANYTHING,
    "jsonl": text_without(""),
    "po": text_without("", min_size=1),
    "mo": text_without("\x00\x04", min_size=1),
}


@pytest.mark.parametrize("kind", TEXTS)
@given(data=st.data(), squeeze=st.booleans())
def test_what_is_written_is_what_is_read(kind: str, data: st.DataObject, squeeze: bool) -> None:
    pairs = data.draw(st.lists(st.tuples(TEXTS[kind], TEXTS[kind]), max_size=5, unique_by=lambda pair: pair[0]))
    with tempfile.TemporaryDirectory() as folder:
        file = source_file(Path(folder) / "x", squeezed(encoded(pairs, kind), squeeze), kind)
        read = [(pair.source, pair.target) for pair in pairs_in((file,), corpus())]
    assert sorted(read) == sorted(pairs) if kind == "mo" else read == pairs


@given(pairs=st.lists(st.tuples(LINE, LINE)), squeeze=st.booleans(), end=st.sampled_from(["\n", "\r\n"]))
def test_lines_written_are_lines_read(pairs: list[tuple[str, str]], squeeze: bool, end: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        files = tuple(
            source_file(
                Path(folder) / f"x{side}", squeezed("".join(p[side] + end for p in pairs).encode(), squeeze), ""
            )
            for side in (0, 1)
        )
        read = list(read_pairs(files, corpus()))
    assert read == [RawPair(*pair, line) for line, pair in enumerate(pairs, start=1)]


PO = """
# a translator
msgid ""
msgstr "Language: nowhere\\nPO-Revision-Date: yesterday\\nPlural-Forms: no idea\\n"

#, fuzzy
msgid "unsure"
msgstr "unsicher"

msgid "untranslated"
msgstr ""

msgctxt "menu"
msgid "Open"
msgstr "Öffnen"

msgctxt "door"
#| msgid "Opened"
msgid "Open"
msgstr "Offen"

msgid "a "
"dog\\n"
msgstr ""
"ein \\"Hund\\""

msgid "one cat"
msgid_plural "%d cats"
msgstr[0] "eine Katze"
msgstr[1] "%d Katzen"
msgstr[2] ""

#, fuzzy
#~| msgid "Elder"
#~ msgid "old"
#~ msgstr "alt"

msgid "last"
msgstr "letzte"
"""

READABLE = [
    pytest.param("tsv", "\ufeffsource\ttarget\r\na\tb\r\n\r\nc\td", {},
                 [("a", "b", 2), ("c", "d", 4)], id="TSV, Windows"),
    pytest.param("tsv", "a\tb\n", {"header": False, "source_column": "2", "target_column": "1"}, [("b", "a", 1)],
                 id="TSV, numbered"),
    pytest.param("tsv", 'source\ttarget\n"Hi," he said.\t„Hi“\n', {},
                 [('"Hi," he said.', "„Hi“", 2)], id="TSV, quotes"),
    pytest.param("tsv", "source\ttarget\n", {}, [], id="TSV, header alone"),
    pytest.param("csv", 'id, source ,target\r\n1,"a\r\nb","c ""d"""\r\n\r\n2,e,\r\n', {},
                 [("a\r\nb", 'c "d"', 2), ("e", "", 5)], id="CSV, quoted line end"),
    pytest.param("jsonl", '{"source": "a", "target": null}\n\n{"target": "\\u00e9\\n", "source": "", "x": 1}', {},
                 [("a", "", 1), ("", "é\n", 3)], id="JSONL"),
    pytest.param("po", PO, {}, [
        ("Open", "Öffnen", 14), ("Open", "Offen", 19), ("a dog\n", 'ein "Hund"', 22),
        ("one cat", "eine Katze", 27), ("%d cats", "%d Katzen", 27), ("last", "letzte", 38),
    ], id="PO"),
    pytest.param("po", PO, {"fuzzy": True, "obsolete": True, "msgctxt": True, "plural_forms": "first"}, [
        ("unsure", "unsicher", 7), ("menu|Open", "Öffnen", 14), ("door|Open", "Offen", 19),
        ("a dog\n", 'ein "Hund"', 22), ("one cat", "eine Katze", 27), ("old", "alt", 35), ("last", "letzte", 38),
    ], id="PO, all of it"),
    pytest.param("po", 'msgid "a"\nmsgid_plural "b"\nmsgstr[0] "0"\nmsgstr[1] "1"\nmsgstr[2] "2"\n',
                 {"plural_forms": "all"}, [("a", "0", 1), ("b", "1", 1), ("b", "2", 1)], id="PO, all forms"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "content", "fields", "expected"), READABLE)
def test_readable(
    kind: str, content: str, fields: dict[str, object], expected: list[tuple[str, str, int]], tmp_path: Path
) -> None:
    read = pairs_in((source_file(tmp_path / "x", content, kind),), corpus(**fields))
    assert [(pair.source, pair.target, pair.line) for pair in read if not pair.flaw] == expected


def test_entries_of_a_catalog_that_are_left_out_are_rejects(tmp_path: Path) -> None:
    read = pairs_in((source_file(tmp_path / "x", PO, "po"),), corpus())
    assert [(pair.source, pair.line, pair.flaw) for pair in read if pair.flaw] == [
        ("unsure", 7, "fuzzy"),
        ("untranslated", 10, "untranslated"),
    ]


def test_lines_end_at_line_feeds_alone(tmp_path: Path) -> None:
    source = source_file(tmp_path / "a", "one\u2028still one\fand\x85so\rfar\n\nthree", "lines")
    target = source_file(tmp_path / "b", "\ufeffeins\n\ndrei\n", "lines")
    pairs = [(pair.source, pair.target, pair.line) for pair in read_pairs((source, target), corpus())]
    assert pairs == [("one\u2028still one\fand\x85so\rfar", "eins", 1), ("", "", 2), ("three", "drei", 3)]


MALFORMED = [
    pytest.param("tsv", b"source\ttarget\na\t\xff\n", ["x line 2", "0xff", "UTF-8"], id="TSV, not UTF-8"),
    pytest.param("csv", b"source,target\na,\xff\n", ["x line 2", "0xff", "UTF-8"], id="CSV, not UTF-8"),
    pytest.param("jsonl", b'{"source": "a", "target": "b"}\n{"source": "\xff"}', ["x line 2", "UTF-8"],
                 id="JSONL, not UTF-8"),
    pytest.param("po", b'msgid "a"\nmsgstr "\xff"\n', ["x line 2", "UTF-8"], id="PO, not UTF-8"),
    pytest.param("tsv", b"source\ttarget\na\tb\tc\n", ["x line 2", "3 fields", "2"], id="TSV, fields"),
    pytest.param("csv", b"source,target\na\n", ["x line 2", "1 fields"], id="CSV, fields"),
    pytest.param("csv", b'source,target\na,b\n"a\nb,c\nd,e\n', ["x line 3", "quotation mark"], id="CSV, open quote"),
    pytest.param("csv", b'source,target\n"a"b,c\n', ["x line 2", "quotation mark"], id="CSV, text after quote"),
    pytest.param("csv", b"source,target\na\rb,c\n", ["x line 2", "malformed"], id="CSV, carriage return"),
    pytest.param("tsv", b"English\tGerman\n", ["x: no column 'source' among English, German", "corpus.source_column",
                                               "corpus.header"], id="TSV, no such column"),
    pytest.param("csv", b"source,target,target\n", ["two columns are called 'target'"], id="CSV, column twice"),
    pytest.param("jsonl", b'{"source": "a", "text": "b"}', ["x line 1", "no key 'target'", "source, text",
                                                           "corpus.target_column"], id="JSONL, no such key"),
    pytest.param("jsonl", b'{"source": "a", "target": "b"}\n{"source": \n', ["x line 2", "not valid JSON"],
                 id="JSONL, malformed"),
    pytest.param("jsonl", b'["a", "b"]\n', ["x line 1", "not a JSON object"], id="JSONL, a list"),
    pytest.param("jsonl", b'{"source": "a", "target": [1]}\n', ["x line 1", "'target'", "a list", "target.0"],
                 id="JSONL, a list as a text"),
    pytest.param("jsonl", b'{"source": {"en": "x"}, "target": "b"}\n', ["'source'", "an object", "source.en"],
                 id="JSONL, an object as a text"),
    pytest.param("jsonl", b"[" * 100_000, ["x line 1", "deep"], id="JSONL, deep"),
    pytest.param("jsonl", b"1" * 10_000, ["x line 1", "numbers"], id="JSONL, long number"),
    pytest.param("po", b'msgid "a"\nmsgstr b\n', ["x line 2", "malformed PO"], id="PO, no quotes"),
    pytest.param("po", b'msgid "a"\n\n\nmsgid "b"\nmsgstr "c"\n', ["x line 1", "malformed PO"], id="PO, no msgstr"),
    pytest.param("po", b'msgstr "a"\nmsgid "b"\n', ["x line 1", "malformed PO"], id="PO, wrong order"),
    pytest.param("po", b'"a"\n', ["x line 1", "malformed PO"], id="PO, no keyword"),
    pytest.param("po", b'msgid "a"\n', ["x line 1", "missing msgstr"], id="PO, cut off"),
    pytest.param("mo", b"no catalog", ["x: not an MO file"], id="MO, another file"),
    pytest.param("mo", struct.pack("<7I", 0x950412DE, 0, 9, 28, 99, 0, 0), ["x: not an MO file"], id="MO, cut off"),
    pytest.param("mo", encoded([("a", "q")], "mo").replace(b"q", b"\xff"), ["x line 1", "0xff is not UTF-8"],
                 id="MO, not UTF-8"),
]  # fmt: skip


@pytest.mark.parametrize("squeeze", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize(("kind", "content", "said"), MALFORMED)
def test_malformed(kind: str, content: bytes, said: list[str], squeeze: bool, tmp_path: Path) -> None:
    file = source_file(tmp_path / "x", squeezed(content, squeeze), kind)
    first, *_ = told((file,), corpus())
    assert [part for part in said if part not in first] == []
    assert "\n" not in first


@pytest.mark.parametrize("squeeze", [False, True], ids=["plain", "gz"])
def test_malformed_line(squeeze: bool, tmp_path: Path) -> None:
    source = source_file(tmp_path / "a.txt", "a\nb\n", "lines")
    target = source_file(tmp_path / "b.txt", squeezed(b"a\n\xc3\n", squeeze), "lines")
    first, other = read_pairs((source, target), corpus())
    assert (first.source, first.target) == ("a", "a")
    assert other[:2] == ("undecodable bytes", "byte 0xc3 is not UTF-8; save the file as UTF-8, or set corpus.encoding")
    assert other[2:4] == ("b.txt", 2)


@pytest.mark.parametrize(("left", "right"), [("a\nb\nc\n", "a\n"), ("a", "a\nb\nc")])
def test_lines_that_do_not_pair_up(left: str, right: str, tmp_path: Path) -> None:
    files = source_file(tmp_path / "a.txt", left, "lines"), source_file(tmp_path / "b.txt", right, "lines")
    with pytest.raises(UserError, match=r"a.txt has \d lines and b.txt has \d;") as mistake:
        list(read_pairs(files, corpus()))
    assert sorted(c for c in str(mistake.value) if c.isdigit()) == ["1", "3"]


@pytest.mark.parametrize("kind", ["tsv", "csv", "jsonl", "po", "mo"])
@pytest.mark.parametrize("damage", ["cut off", "changed"])
def test_damaged_gzip(kind: str, damage: str, tmp_path: Path) -> None:
    content = gzip.compress(encoded([(f"source {n}", f"target {n * n}") for n in range(500)], kind))
    broken = content[:-20] if damage == "cut off" else content[:-6] + b"\0\0" + content[-4:]
    file = source_file(tmp_path / "x.gz", broken, kind)
    with pytest.raises(UserError, match=r"x.gz: damaged gzip"):
        list(read_pairs((file,), corpus()))
