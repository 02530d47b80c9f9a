"""Archives of aligned files, as OPUS gives them out: zip and tar, streamed, chosen by language and split."""

import bz2
import gzip
import io
import lzma
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.corpus.column_preview import preview
from seqloom.corpus.column_roles import detect_roles
from seqloom.corpus.sources import locate
from seqloom.errors import UserError

from .files import corpus, pairs_in, refusal, told

OPUS = {
    "README": b"about",
    "LICENSE": b"free",
    "Books.de-en.de": b"Hund\nKatze\n",
    "Books.de-en.en": b"dog\ncat\n",
    "Books.de-en.ids": b"1\t1\n2\t2\n",
}
GERMAN = [("Hund", "dog"), ("Katze", "cat")]


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return content.getvalue()


def tarred(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
        link = tarfile.TarInfo("Books.de-en.fr")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return content.getvalue()


ARCHIVES: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "tar": tarred,
    "tar.gz": lambda files: gzip.compress(tarred(files)),
    "tgz": lambda files: gzip.compress(tarred(files)),
    "tar.bz2": lambda files: bz2.compress(tarred(files)),
    "tar.xz": lambda files: lzma.compress(tarred(files)),
}


def read(path: Path, **fields: object) -> list[tuple[str, str]]:
    section = corpus(**{"train": [str(path)], **fields})
    return [
        (pair.source, pair.target)
        for files in locate(section, path.parent).train.rows
        for pair in pairs_in(files, section)
    ]


@pytest.mark.parametrize("ending", ARCHIVES)
def test_an_archive_of_opus(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"de-en.txt.{ending}"
    path.write_bytes(ARCHIVES[ending](OPUS))
    assert read(path) == GERMAN
    assert read(path, format="lines", source_language="de") == GERMAN
    assert read(path, source_language="en", target_language="de-AT") == [pair[::-1] for pair in GERMAN]
    assert [file.name for file in tmp_path.iterdir()] == [path.name], "nothing is unpacked"
    roles = detect_roles(preview(str(path), tmp_path))
    assert roles is not None
    assert (roles.task, roles.source_language, roles.target_language) == ("translation", "de", "en")


def test_the_name_of_a_pair_tells_its_order(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"x/B.en-de.de": b"Hund\n", "x/B.en-de.en": b"dog\n"}))
    assert read(tmp_path / "a.zip") == [("dog", "Hund")]


def test_both_directions_have_digests_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped(OPUS))
    digests = [
        locate(corpus(train=[str(tmp_path / "a.zip")], source_language=code), tmp_path).digests for code in ("de", "en")
    ]
    assert digests[0] != digests[1]


def test_splits_of_one_archive(tmp_path: Path) -> None:
    parts = {
        f"m/{split}.{code}": f"{split} {code}\n".encode() for split in ("train", "dev", "test") for code in ("de", "en")
    }
    path = tmp_path / "a.tgz"
    path.write_bytes(gzip.compress(tarred(parts)))
    section = corpus(**{split: [str(path)] for split in ("train", "validation", "test")})
    sources = locate(section, tmp_path)
    for split, name in (("train", "train"), ("validation", "dev"), ("test", "test")):
        [files] = getattr(sources, split).rows
        assert [(pair.source, pair.target) for pair in pairs_in(files, section)] == [(f"{name} de", f"{name} en")]


def test_several_archives(tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        (tmp_path / name).write_bytes(zipped(OPUS))
    assert read(tmp_path / "*.zip") == GERMAN * 2


THREE = {**OPUS, "Books.de-en.fr": b"chien\nchat\n"}
BROKEN = [
    (zipped(THREE), {}, "holds lines in de, en, fr; set corpus.source_language and corpus.target_language"),
    (zipped(OPUS), {"target_language": "fr"}, "holds lines in de, en, not in fr; correct"),
    (zipped(OPUS), {"source_language": "de", "target_language": "fr"}, "not in de and fr; correct"),
    (
        zipped({"a.de": b"", "a.en": b"", "b.de": b"", "b.en": b""}),
        {},
        "several pairs of files (a.*, b.*), and which is",
    ),
    (zipped({**OPUS, "../evil.de": b"x"}), {}, "holds '../evil.de', a path that leads out of it"),
    (zipped({"..\\..\\evil.de": b"x", "a.en": b"x"}), {}, "a path that leads out of it"),
    (tarred({**OPUS, "/etc/evil.de": b"x"}), {}, "holds '/etc/evil.de', a path that leads out of it"),
    (gzip.compress(tarred(OPUS))[:-200], {}, "damaged gzip data"),
    (zipped({**OPUS, "Books.de-en.en": b"dog\n"}), {}, "has 2 lines and"),
    (zipped({**OPUS, "Books.de-en.en": b"dog\n\xff\n"}), {}, "Books.de-en.en line 2: byte 0xff is not UTF-8"),
    (zipped({"a.csv": b"x", "b.csv": b"x"}), {}, "a zip archive with 2 files (a.csv, b.csv)"),
    (tarred({"a.csv": b"x", "b.csv": b"x"}), {}, "is a tar archive without aligned files"),
]


@pytest.mark.parametrize(("content", "fields", "said"), BROKEN, ids=range(len(BROKEN)))
def test_an_archive_that_is_broken_or_unclear(
    content: bytes, fields: dict[str, str], said: str, tmp_path: Path
) -> None:
    sentence = refusal(tmp_path / "a.zip", content, **fields)
    assert sentence.startswith(f"{tmp_path}/a.zip")
    assert said in sentence
    assert "\n" not in sentence


@settings(max_examples=30, deadline=None)
@given(content=st.binary(max_size=60), place=st.integers(0, 3000), ending=st.sampled_from([*ARCHIVES]))
def test_a_damaged_archive_is_a_sentence(content: bytes, place: int, ending: str) -> None:
    whole = ARCHIVES[ending]({**OPUS, "Books.de-en.en": b"dog\n" * 200, "Books.de-en.de": b"Hund\n" * 200})
    place %= len(whole)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a.{ending}"
        path.write_bytes(whole[:place] + content + whole[place + len(content) :])
        section = corpus(train=[str(path)])
        try:
            said = [one for files in locate(section, path.parent).train.rows for one in told(files, section)]
        except UserError as mistake:
            said = [str(mistake)]
        assert all("\n" not in sentence and "/a." in sentence for sentence in said)


LINE = st.text(st.characters(codec="utf-8", exclude_characters="\0\n\r\ufeff"))  # NUL: a sign of UTF-16


@settings(max_examples=25, deadline=None)
@given(pairs=st.lists(st.tuples(LINE, LINE), min_size=1, max_size=6), ending=st.sampled_from([*ARCHIVES]))
def test_lines_packed_are_lines_read(pairs: list[tuple[str, str]], ending: str) -> None:
    files = {
        f"x.{code}": "".join(f"{pair[side]}\n" for pair in pairs).encode() for side, code in enumerate(("en", "de"))
    }
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / f"a.{ending}").write_bytes(ARCHIVES[ending](files))
        assert read(Path(folder) / f"a.{ending}", source_language="en") == pairs
