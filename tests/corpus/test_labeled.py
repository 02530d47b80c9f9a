"""Lines of a label and a text, and text that is not UTF-8."""

from pathlib import Path

import pytest

from seqloom.corpus.readers import read_pairs
from seqloom.corpus.sources import SourceFile, locate

from .files import corpus, told


def found(place: Path, content: bytes, **fields: str) -> tuple[SourceFile, ...]:
    place.write_bytes(content)
    return locate(corpus(train=[str(place)], **fields), place.parent).train.rows[0]


def test_the_first_word_of_a_line_is_its_label(tmp_path: Path) -> None:
    section = corpus(format="labeled")
    content = b"\xef\xbb\xbf0 a b \r\n\n__label__good , c\n1  d\n"
    read = list(read_pairs(found(tmp_path / "reviews.all", content, format="labeled"), section))
    assert [(pair.target, pair.source, pair.line) for pair in read] == [
        ("0", "a b ", 1),
        ("__label__good", ", c", 3),
        ("1", " d", 4),
    ]


@pytest.mark.parametrize("line", [b"word", b" no label", b"a\ttab"])
def test_a_line_without_a_label_is_named(tmp_path: Path, line: bytes) -> None:
    files = found(tmp_path / "x", b"0 a\n" + line + b"\n", format="labeled")
    [said] = told(files, corpus(format="labeled"))
    assert said.endswith("x line 2: is not a label, a space and a text; correct the line or corpus.format")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "naïve 好 “so”"),
        ("latin-1", "naïve"),
        ("cp1252", "naïve “so”"),
        ("gb18030", "很好，𠮷"),
        ("big5", "很好"),
        ("shift_jis", "ソ表能"),  # second bytes of these are \
        ("euc_kr", "좋다"),
    ],
)
def test_every_encoding_is_read_as_it_was_written(tmp_path: Path, encoding: str, text: str) -> None:
    content = f"source,target\n{text},1\n{text} 2,0\n".encode(encoding)
    files = found(tmp_path / "x.csv", content, encoding=encoding)
    assert [pair.source for pair in read_pairs(files, corpus())] == [text, f"{text} 2"]


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "is not UTF-8; save the file as UTF-8, or set corpus.encoding"), ("gb18030", "is not GB18030; correct")],
)
def test_another_encoding_is_a_sentence(tmp_path: Path, encoding: str, said: str) -> None:
    files = found(tmp_path / "x.tsv", b"source\ttarget\nna\xef\tb\n", encoding=encoding)
    [sentence] = told(files, corpus())
    assert f"x.tsv line 2: byte 0xef {said}" in sentence
