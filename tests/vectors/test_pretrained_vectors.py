"""Vector files in every format, and everything that can be wrong with one."""

import gzip
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from gensim.models import FastText, KeyedVectors, Word2Vec
from gensim.models.fasttext import save_facebook_model
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.errors import UserError
from seqloom.vectors import vector_file_formats
from seqloom.vectors.pretrained_vectors import read_pretrained

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
        ("tabs.vec", f"3 3\n{TEXT}".replace(" ", "\t").encode()),
        ("tabs.txt", TEXT.replace(" ", "\t").encode()),
        ("trailing.txt", TEXT.replace("\n", "\t \n").encode()),
        ("marked.vec", f"\ufeff3 3\n{TEXT}".encode()),
        ("marked.txt", f"\ufeff{TEXT}".encode()),
        ("blank-lines.vec", f"3 3\n\n{TEXT}\n\n".encode()),
        ("unfinished.txt", TEXT.rstrip("\n").encode()),
        ("packed-without-saying", gzip.compress(TEXT.encode())),
        ("gensim.bin", BINARY.replace(b"\n", b"").replace(b"3 3", b"3 3\n")),
        ("text-called.bin", f"3 3\n{TEXT}".encode()),
        ("few-promised.vec", f"1 3\n{TEXT}".encode()),
        ("few-promised.bin", BINARY.replace(b"3 3", b"1 3")),
        ("many-promised.vec", f"99999999999999 3\n{TEXT}".encode()),
        ("many-promised.bin", BINARY.replace(b"3 3", b"9 3")),
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
        (b"2 3\ndog 1 2 3 4\ncat 1 2 3 4\n", "its vectors are 3 wide, and they are 4: correct that line"),
        (b"dog 1 2 3\ncat 1 2 3\n5 1 2\n", "has 2 numbers on line 3, not 3"),
        (b"2 3\ndog 1 2 3\ncat 1 2 x\n", "has 'x' for one of 3 numbers on line 3"),
        (b"2 3\ndog 1 2 3\ncat 1 nan 3\n", "infinite or no numbers"),
        (b"5 3\n", "no vectors behind it"),
        (BINARY[:-8], "ends too early or is damaged"),
        (b"PK\x03\x04\x14\x00", "is a zip archive: unpack it"),
        (b"\x80\x04\x95\x00", "is a pickle of Python: write it with gensim's save_word2vec_format"),
        ("dog 1 2 3\n".encode("utf-16"), "is UTF-16: convert it to UTF-8"),
        (b"\xba\x16\x4f\x2f\x0c\x00\x00\x00", r"is a whole fastText model: give the \.vec"),
    ],
)
def test_what_is_wrong_is_named_with_the_file(content: bytes | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "some.vec"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=rf"vectors\.source_file: .*some\.vec .*{says}") as raised:
        read(path)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("content", [b"plain text", gzip.compress(TEXT.encode())[:-12]], ids=["not gzip", "cut short"])
def test_a_bad_archive_is_damaged(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "some.vec.gz").write_bytes(content)
    with pytest.raises(UserError, match="damaged: fetch or export it again"):
        read(tmp_path / "some.vec.gz")


SENTENCES = [["the", "dog", "barks"], ["a", "dog", "sees", "the", "北京", "猫"]] * 3


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What gensim writes of models that it trained: word2vec as text and binary, fastText whole and as vectors."""
    folder = tmp_path_factory.mktemp("models")
    settings = {"vector_size": 10, "min_count": 1, "epochs": 1, "workers": 1, "seed": 1}
    word2vec, fasttext = Word2Vec(SENTENCES, **settings), FastText(SENTENCES, bucket=50, **settings)
    word2vec.wv.save_word2vec_format(folder / "word2vec.txt")
    word2vec.wv.save_word2vec_format(folder / "word2vec.bin", binary=True)
    word2vec.wv.save_word2vec_format(folder / "glove.txt", write_header=False)
    fasttext.wv.save_word2vec_format(folder / "fasttext.vec")
    save_facebook_model(fasttext, str(folder / "fasttext.bin"))
    return folder


@pytest.mark.parametrize("name", ["word2vec.txt", "word2vec.bin", "glove.txt", "fasttext.vec"])
def test_what_others_wrote_is_read(name: str, models: Path) -> None:
    same = name.replace("glove", "word2vec")  # the same rows, and gensim does not leave it open
    theirs = KeyedVectors.load_word2vec_format(models / same, binary=name.endswith(".bin"))
    lookup = read(models / name, 10)
    for word in {word for sentence in SENTENCES for word in sentence}:
        assert lookup(word).tolist() == theirs[word].tolist()


def test_a_whole_fasttext_model_is_refused(models: Path) -> None:
    with pytest.raises(UserError, match="whole fastText model"):
        read(models / "fasttext.bin", 10)


def test_a_file_in_latin_1_is_read_but_for_its_accents(tmp_path: Path) -> None:
    words = [*(f"word{number}" for number in range(148)), "café"]
    rows = "".join(f"{word} 0.5 1 2\n" for word in words)
    (tmp_path / "some.vec").write_text(f"149 3\n{rows}", encoding="latin-1")
    report = read(tmp_path / "some.vec").report
    assert (report.first_broken, report.rows, report.promised) == (150, 149, 149)


def test_a_token_may_have_spaces(tmp_path: Path) -> None:
    rows = ["the 1 2 3", ". . . 4 5 6", "at name@domain.com 7 8 9", "route 66 1 1 1", "\xa0 2 2 2"]
    (tmp_path / "glove.840B.txt").write_text("\n".join(rows), encoding="utf-8")
    vectors = read(tmp_path / "glove.840B.txt")
    found = {token: tuple(vectors(token)) for token in ("the", ". . .", "at name@domain.com", "route 66", "\xa0")}
    assert list(found.values()) == [(1, 2, 3), (4, 5, 6), (7, 8, 9), (1, 1, 1), (2, 2, 2)]
    assert (vectors.report.spaced, vectors.report.notes) == (3, [])


LONG = ("ж" * 60).encode()[:99]  # word2vec.c cuts a word after so many bytes


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (b"2 3\nch\xe9ri 1 2 3\ndog 1 2 3\n", "tokens that are not UTF-8: 1, the first in row 2"),
        (b"2 3\n" + LONG + b" 1 2 3\ndog 1 2 3\n", "tokens that are not UTF-8: 1, the first in row 2"),
        (BINARY.replace("北京".encode(), LONG), "tokens that are not UTF-8: 1, the first in row 3"),
        (BINARY.replace(b"the ", b"dog "), "rows that were skipped: 1 whose token an earlier row has"),
        (b"dog 1 2 3\ndog 4 5 6\n  7 8 9\n", "1 whose token an earlier row has and 1 without a token"),
        (b"2 3\ndog 1 2 3\ncat 1 2 3\ncow 1 2 3\n", "the first line promises 2 rows and there are 3: all were read"),
        (b"9 3\ndog 1 2 3\ncat 1 2 3\n", "the first line promises 9 rows and there are 2"),
    ],
)
def test_what_is_odd_is_counted_and_said(content: bytes, note: str, tmp_path: Path) -> None:
    (tmp_path / "some.vec").write_bytes(content)
    vectors = read(tmp_path / "some.vec")
    assert note in " ".join(vectors.report.notes)
    assert vectors.report.facts["notes"] == vectors.report.notes
    assert tuple(vectors("dog")) == (tuple(ROWS["dog"]) if b"3 3" in content else (1, 2, 3))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1), min_size=1, unique=True
    ),
    st.sampled_from([" ", "\t", "  "]),
    st.integers(0, 9),
    st.booleans(),
)
def test_no_row_is_lost(tokens: list[str], between: str, promised: int, binary: bool) -> None:
    rows = {token: (float(number), -0.5, 2.0) for number, token in enumerate(tokens)}
    with TemporaryDirectory() as folder:
        path = Path(folder, "some.bin" if binary else "some.vec")
        content = f"{promised} 3\n".encode()
        for token, row in rows.items():
            if binary:
                content += token.encode() + b" " + struct.pack("<3f", *row)
            else:
                content += between.join([token, *map(str, row)]).encode() + b"\n"
        path.write_bytes(content)
        vectors = read(path)
    assert {token: tuple(vectors(token)) for token in rows} == rows
    assert vectors.report.rows == len(rows)


def test_one_row_in_binary_is_told_by_its_bytes(tmp_path: Path) -> None:
    """Without a line feed behind it, as gensim writes."""
    (tmp_path / "some.vectors").write_bytes(b"1 3\ndog " + struct.pack("<3f", 0.5, -1, 2))
    assert read(tmp_path / "some.vectors")("dog").tolist() == [0.5, -1, 2]


def test_a_row_whose_token_was_a_space_is_as_wide_as_the_others(tmp_path: Path) -> None:
    (tmp_path / "glove.txt").write_bytes(b" 7 8 9\ndog 1 2 3\n")
    assert tuple(read(tmp_path / "glove.txt")("dog")) == (1, 2, 3)


def test_rows_far_behind_the_first_are_read_like_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a token may not be so long, not a file; nor need there be a line feed in the first part of it."""
    monkeypatch.setattr(vector_file_formats, "_LONGEST_TOKEN", 20)
    (tmp_path / "some.bin").write_bytes(
        b"40 3\n" + b"".join(f"word{n} ".encode() + struct.pack("<3f", n, 0, 1) for n in range(40))
    )
    monkeypatch.setattr(vector_file_formats, "_CHUNK", 150)
    vectors = read(tmp_path / "some.bin")
    assert [vectors(f"word{n}")[0] for n in range(40)] == list(range(40))
