"""Hostile files: each gives pairs that can be written, or an error that names the file."""

import gzip
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus.normalization import normalize
from seqloom.corpus.pairs import RawPair
from seqloom.corpus.readers import read_pairs
from seqloom.errors import UserError

from .files import corpus, encoded, source_file

FORMATS = ("lines", "tsv", "csv", "jsonl", "po", "mo", "tmx", "xliff")
SECTION = corpus(header=False, source_column="1", target_column="1")
PAIRS = [("a dog", "ein Hund"), ("a cat", "eine Katze")]

NAUGHTY = {
    "empty": b"",
    "a line feed": b"\n",
    "carriage returns": b"a\rb\r\rc\r",
    "null bytes": b"a\0b\tc\0d\n\0\0\n",
    "control characters": bytes(range(1, 32)) + b"\x7f\t\x80\n",
    "a mark alone": b"\xef\xbb\xbf",
    "two marks": b"\xef\xbb\xbf\xef\xbb\xbfa\tb\n",
    "UTF-16": "a\tb\n".encode("utf-16"),
    "UTF-32": "a\tb\n".encode("utf-32"),
    "Latin-1": "déjà\tvu\n".encode("latin-1"),
    "an overlong slash": b"\xc0\xaf\t\xe0\x80\xaf\n",
    "half a surrogate pair": b"\xed\xa0\x80\t\xed\xbf\xbf\n",
    "beyond Unicode": b"\xf4\x90\x80\x80\tb\n",
    "cut inside a letter": "a\t天".encode()[:-1],
    "continuations alone": b"\x80\xbf\x80\t\xfe\xff\n",
    "noncharacters": "￾￿\t\U0001fffe\n".encode(),
    "right to left": "\u202eabc\u202c\t\u2066\u2069\u200f\n".encode(),
    "combining": ("z" + "\u0300\u0489" * 500 + "\tb\n").encode(),
    "nothing to see": "\u200b\u2060\ufeff\t\u00ad\u3000\n".encode(),
    "line ends of all kinds": "a\u2028b\u2029c\x85d\x0be\x0cf\tb\r\n".encode(),
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈\t🇩🇪\n".encode(),
    "own signs": "▁<unk>\t</s>↵\n".encode(),
    "quotation marks": b'"a\t"b""\n"\n""""\t"\n',
    "commas": b",,,\n,\n",
    "a formula": b"=cmd|' /C calc'!A0\t{{7*7}} ${x} %s %n\n",
    "JSON that is no object": b'[1]\n"a"\nnull\n1e999\n{}\n',
    "JSON of lone surrogates": b'{"1": "\\ud800", "\\udfff": "b"}\n',
    "JSON twice the key": b'{"1": "a", "1": "b"}\n',
    "JSON without an end": b'{"1": "a\n',
    "JSON in depth": b"[" * 100_000,
    "JSON of huge numbers": b'{"1": ' + b"9" * 10_000 + b"}\n",
    "JSON of other types": json.dumps({"1": [{"1": True}, None, -0.0]}).encode(),
    "a PO without an end": b'msgid "a"\nmsgstr "',
    "a PO of bad plurals": b'msgid "a"\nmsgid_plural "b"\nmsgstr[9] "c"\nmsgstr[x] "d"\n',
    "a PO of odd charset": b'msgid ""\nmsgstr "Content-Type: text/plain; charset=none\\n"\n\nmsgid "a"\nmsgstr "b"\n',
    "a PO twice": encoded(PAIRS, "po") * 2,
    "an MO cut short": encoded(PAIRS, "mo")[:-7],
    "an MO of lies": encoded(PAIRS, "mo")[:8] + b"\xff" * 12 + encoded(PAIRS, "mo")[20:],
    "an MO of its magic alone": b"\xde\x12\x04\x95",
    "a TMX": b'<tmx><body><tu><tuv lang="a"><seg>a</seg></tuv><tuv lang="b"><seg>b</seg></tuv></tu></body></tmx>',
    "an XLIFF of nothing": b"<xliff><file><unit/><trans-unit/></file></xliff>",
    "XML without an end": b"<tmx><body><tu><tuv",
    "XML in depth": b"<tmx>" + b"<tu>" * 5000,
    "an XML bomb": b'<!DOCTYPE tmx [<!ENTITY a "a"><!ENTITY b "&a;&a;">]><tmx>&b;</tmx>',
    "a gzip inside": gzip.compress(b"a\tb\n"),
    "a long line": b"a" * 200_000 + b"\tb\n",
    "many fields": b"\t" * 5000 + b"\n",
}


def read(path: Path, kind: str, content: bytes) -> None:
    file = source_file(path, content, kind)
    try:
        for pair in read_pairs((file, file) if kind == "lines" else (file,), SECTION):
            if isinstance(pair, RawPair):
                normalize(pair.source + pair.target).encode()
    except UserError as mistake:
        str(mistake).encode()
        assert path.name in str(mistake)  # noqa: PT017 (most of the files are mistakes, some are not)
        assert "\n" not in str(mistake)  # noqa: PT017


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("name", NAUGHTY)
def test_naughty_files_end_in_pairs_or_a_sentence(name: str, kind: str, tmp_path: Path) -> None:
    read(tmp_path / "naughty.file", kind, NAUGHTY[name])


PIECES = st.sampled_from([*b"\t\n\r,\"'{}[]:\\\0", *"天é\u2028".encode()]).map(lambda byte: bytes([byte]))
WHOLE = st.sampled_from(
    [
        b'msgid "a"\n',
        b'msgstr "b"\n',
        b'{"1": "a"}\n',
        b"a\tb\n",
        encoded(PAIRS, "mo"),
        b"\xff",
        b"<tmx>",
        b"<xliff>",
        b"<tu>",
        b"</tu>",
        b"&#x1f;",
    ]
)


@pytest.mark.parametrize("kind", FORMATS)
@settings(max_examples=50, deadline=None)
@given(parts=st.lists(PIECES | WHOLE | st.binary(max_size=4), max_size=12))
def test_so_does_anything_made_of_their_parts(
    kind: str, parts: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    read(tmp_path_factory.getbasetemp() / "naughty.file", kind, b"".join(parts))
