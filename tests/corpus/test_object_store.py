"""Files in object stores by fsspec, whose memory stands for a server here; a real one is in test_s3_server.py."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry

from seqloom.artifact.digest import digest_of_file
from seqloom.corpus.sources import locate
from seqloom.errors import Unreachable, UserError

from .files import corpus, pairs_in

ROWS = b"source\ttarget\na\tb\n"


class Store(MemoryFileSystem):
    protocol = "s3"
    failure: Exception | None = None

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("s3:/")))

    def _open(self, *args: object, **kwargs: object) -> object:
        if self.failure:
            raise self.failure
        return super()._open(*args, **kwargs)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Store]]:
    monkeypatch.setitem(_registry, "s3", Store)
    monkeypatch.setattr(Store, "store", {})
    monkeypatch.setattr(Store, "failure", None)
    Store().pipe("/bucket/a.tsv", ROWS)
    yield Store
    Store.clear_instance_cache()


def read(place: str, home: Path) -> list[tuple[str, str]]:
    section = corpus(train=[place])
    return [(pair.source, pair.target) for pair in pairs_in(locate(section, home).train.rows[0], section)]


def refusal(place: str, home: Path) -> str:
    with pytest.raises(UserError) as mistake:
        locate(corpus(train=[place]), home)
    assert "\n" not in str(mistake.value)
    return str(mistake.value)


@pytest.mark.usefixtures("store")
def test_a_file_in_a_store(tmp_path: Path) -> None:
    assert read("s3://bucket/a.tsv", tmp_path) == [("a", "b")]
    [copied] = (tmp_path / "downloads").iterdir()
    assert read(f"s3://bucket/a.tsv#sha256={digest_of_file(copied)}", tmp_path) == [("a", "b")]
    assert "its sha256 is" in refusal(f"s3://bucket/a.tsv#sha256={'0' * 64}", tmp_path)


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("s3://bucket/none.tsv", "s3://bucket/none.tsv: no such file; correct corpus.train"),
        ("s3://bucket/none*.tsv", "s3://bucket/none*.tsv: matches no file; correct corpus.train"),
        ("s3://bucket/*.tsv#sha256=00", "a pattern has no #, and no ::, and no secret behind its first *"),
        ("s3://bucket/a*.tsv::file://x", "a pattern has no #, and no ::, and no secret behind its first *"),
        ("s3://bucket/*/${KEY}.tsv", "a pattern has no #, and no ::, and no secret behind its first *"),
        ("s3://bucket/a.tsv::file://x", "names a file or a pattern, without ::"),
        ("memory://a.tsv", "are understood; correct corpus.train"),
        ("smb://host/share/a.tsv", "smb://host/share/a.tsv: needs a library: pip install smbprotocol"),
        ("s3://bucket/${NOT_SET}/a.tsv", "NOT_SET is not set"),
    ],
)
def test_what_a_store_does_not_give(place: str, said: str, tmp_path: Path) -> None:
    assert said in refusal(place, tmp_path)


def test_a_pattern_in_a_store(store: type[Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("/bucket/part-2.en", "/bucket/part-10.en", "/bucket/part-2.de", "/bucket/part-10.de"):
        store().pipe(name, f"{name}\n".encode())
    store().pipe("/bucket/in/x[1].tsv", b"source\ttarget\nc\td\n")
    store().pipe("/bucket/in/x1.tsv", ROWS)
    monkeypatch.setenv("BUCKET", "bucket")
    section = corpus(train=["s3://${BUCKET}/part-*.en", "s3://${BUCKET}/part-*.de"])
    rows = locate(section, tmp_path).train.rows
    assert [[file.location for file in row] for row in rows] == [
        ["s3://${BUCKET}/part-10.en", "s3://${BUCKET}/part-10.de"],
        ["s3://${BUCKET}/part-2.en", "s3://${BUCKET}/part-2.de"],
    ]
    assert [[pair.target for pair in pairs_in(row, section)] for row in rows] == [
        ["/bucket/part-10.de"],
        ["/bucket/part-2.de"],
    ]
    assert read("s3://bucket/in/x[*.tsv", tmp_path) == [("c", "d")]
    assert len(locate(corpus(train=["s3://bucket/**/*.tsv"]), tmp_path).train.rows) == 3
    store().rm("/bucket/part-2.de")
    with pytest.raises(UserError, match="lacks '2', which the other side has in place of"):
        locate(section, tmp_path)


def test_errors_show_no_secret(store: type[Store], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "hush")
    store.failure = PermissionError("denied for\nhush")
    assert "s3://${KEY}/a.tsv: cannot be copied (denied for …); correct corpus.train or the credentials" in refusal(
        "s3://${KEY}/a.tsv", tmp_path
    )
    store.failure = ConnectionError("no route")
    with pytest.raises(Unreachable, match="no route"):
        locate(corpus(train=["s3://bucket/a.tsv"]), tmp_path)
    assert not [*(tmp_path / "downloads").iterdir()]
