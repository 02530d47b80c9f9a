"""Vector files in every format, and everything that can be wrong with one."""

import gzip
import struct
from pathlib import Path

import pytest

from seqloom.mistake import UserMistake
from seqloom.vectors.pretrained import read_pretrained

REAL = Path("/work/shared/data/vectors")
ROWS = {"dog": (0.5, -1.0, 2.0), "the": (1.0, 2.0, 3.0), "北京": (0.25, 0.0, -0.5)}
TEXT = "".join(f"{token} {' '.join(map(str, row))}\n" for token, row in ROWS.items())
BINARY = b"3 3\n" + b"".join(f"{token} ".encode() + struct.pack("<3f", *row) + b"\n" for token, row in ROWS.items())


def read(path: Path, width: int = 3):  # type: ignore[no-untyped-def]
    return read_pretrained(path, width, "vectors.source_file")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("word2vec.txt", f"3 3\n{TEXT}".encode()),
        ("fasttext.vec", f"3 3\n{TEXT}".replace("\n", " \n").replace("3 3 ", "3 3").encode()),
        ("glove.txt", TEXT.encode()),
        ("glove.txt.gz", gzip.compress(TEXT.encode())),
        ("cc.vec.gz", gzip.compress(f"3 3\n{TEXT}".encode())),
        ("word2vec.bin", BINARY),
        ("word2vec.bin.gz", gzip.compress(BINARY)),
        ("binary-by-its-bytes", BINARY),
        ("windows.vec", f"3 3\n{TEXT}".replace("\n", "\r\n").encode()),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_format_gives_the_same_rows(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    lookup = read(tmp_path / name)
    for token, row in ROWS.items():
        assert tuple(lookup(token)) == row
    assert lookup("cat") is None


@pytest.mark.parametrize(
    ("token", "form"),
    [("▁dog", "dog"), ("▁Dog", "dog"), ("THE", "the"), ("北京", "北京"), ("▁", None), ("<0x41>", None)],
)
def test_a_token_is_found_without_its_mark_and_in_lower_case(token: str, form: str | None, tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_text(TEXT, encoding="utf-8")
    row = read(tmp_path / "glove.txt")(token)
    assert (None if row is None else tuple(row)) == (ROWS[form] if form else None)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "is not a file: correct the path"),
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (b"3 4\n", "vectors of width 4, the recipe 3: set vectors.width to 4"),
        (b"dog 1 2 3 4\n", "vectors of width 4, the recipe 3: set vectors.width to 4"),
        (b"once upon a time\n", "neither sizes nor a token with its numbers on line 1"),
        (b"word\n", "neither sizes nor a token with its numbers on line 1"),
        (b"2 3\ndog 1 2 3\ncat 1 2\n", "has 2 numbers on line 3, not 3"),
        (b"2 3\ndog 1\ncat 1 2 3\n", "has 1 numbers on line 2, not 3"),
        (b"dog 1 2 3\n\ncat 1 2 3\n", "has 0 numbers on line 2, not 3"),
        (b"2 3\ndog 1 2 3\ncat 1 2 x\n", "is malformed .*'x'"),
        (b"2 3\ndog 1 2 3\ncat 1 nan 3\n", "infinite or no numbers"),
        (b"2 3\ndog 1 2 3\nch\xe9ri 1 2 3\n", "is not UTF-8 on line 3: convert it to UTF-8"),
        (b"5 3\ndog 1 2 3\n", "ends too early or is damaged"),
        (b"99999999999999 3\ndog 1 2 3\n", "ends too early or is damaged"),
        (BINARY[:-8], "ends too early or is damaged"),
        (BINARY.replace("北".encode(), b"\xff\xff"), "is malformed"),
        (b"\xba\x16\x4f\x2f\x0c\x00\x00\x00", r"is a whole fastText model: give the \.vec"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(content: bytes | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "some.vec"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserMistake, match=rf"vectors\.source_file: .*some\.vec .*{says}") as raised:
        read(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"plain text", gzip.compress(TEXT.encode())[:-12]], ids=["not gzip", "cut short"])
def test_a_bad_archive_is_damaged(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "some.vec.gz").write_bytes(content)
    with pytest.raises(UserMistake, match="damaged: fetch or export it again"):
        read(tmp_path / "some.vec.gz")


@pytest.mark.skipif(not REAL.exists(), reason="the shared data is not here")
@pytest.mark.parametrize(
    ("name", "width", "token"),
    [
        ("euclidean_vectors.bin", 10, None),
        ("high_precision.kv.bin", 2, "horse.n.01"),
        ("high_precision.kv.txt", 2, "horse.n.01"),
        ("lee_fasttext.vec", 10, "the"),
        ("test_glove.txt", 50, "▁the"),
        ("toy-model.vec", 5, None),
    ],
)
def test_real_files_are_read(name: str, width: int, token: str | None) -> None:
    lookup = read(REAL / name, width)
    if token:
        assert lookup(token).shape == (width,)


@pytest.mark.skipif(not REAL.exists(), reason="the shared data is not here")
@pytest.mark.parametrize("name", ["toy-model.bin", "crime-and-punishment.bin"])
def test_real_fasttext_models_are_refused(name: str) -> None:
    with pytest.raises(UserMistake, match="whole fastText model"):
        read(REAL / name, 5)


@pytest.mark.skipif(not REAL.exists(), reason="the shared data is not here")
def test_a_real_file_in_latin_1_is_refused_at_its_line() -> None:
    with pytest.raises(UserMistake, match="is not UTF-8 on line 150"):
        read(REAL / "pang_lee_polarity_fasttext.vec", 100)
