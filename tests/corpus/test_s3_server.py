"""Files in a real S3 server: moto's, in a process of its own, reached by s3fs over HTTP."""

import gzip
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from seqloom.corpus.sources import locate
from seqloom.errors import Unreachable, UserError
from tests.stack.stack_process import free_port

from .files import corpus, pairs_in

NAMES = ("part-1.tsv.gz", "part-2.tsv.gz", "sub/part-3.tsv.gz", "odd [1] ü.tsv")


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """The address of a server that is ready, until the tests of this file are done."""
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr
        try:
            yield next(found[0] for line in server.stderr if (found := re.search(r"http://127\.0\.0\.1:\d+", line)))
        finally:
            server.kill()


@pytest.fixture
def s3(address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Make a bucket of some files, and an environment that leads to it and to no account of the person who tests."""
    import boto3

    monkeypatch.setenv("AWS_ENDPOINT_URL", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")  # else seconds of waiting for a server that is away
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    client = boto3.client("s3")
    client.create_bucket(Bucket="bucket")
    for name in NAMES:
        rows = f"source\ttarget\n{name}\tb\n".encode()
        client.put_object(Bucket="bucket", Key=f"in/{name}", Body=gzip.compress(rows) if "gz" in name else rows)
    client.close()
    forget()


def forget() -> None:
    """Drop the connections and listings that s3fs keeps for a process."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()


def sources_of(place: str, home: Path) -> list[str]:
    section = corpus(train=[place])
    return [pair.source for row in locate(section, home).train.rows for pair in pairs_in(row, section)]


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    ("place", "read"),
    [
        ("s3://bucket/in/part-1.tsv.gz", NAMES[:1]),
        ("s3://bucket/in/odd [1] ü.tsv", NAMES[3:]),
        ("s3://bucket/in/part-*.tsv.gz", NAMES[:2]),
        ("s3://bucket/in/**/*.gz", NAMES[:3]),
        ("s3://${BUCKET}/in/odd [*.tsv", NAMES[3:]),
    ],
)
def test_files_of_a_bucket(place: str, read: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BUCKET", "bucket")
    assert sources_of(place, tmp_path) == [*read]


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("s3://bucket/in/none.tsv", "s3://bucket/in/none.tsv: no such file; correct corpus.train"),
        ("s3://bucket/none*.tsv", "s3://bucket/none*.tsv: matches no file; correct corpus.train"),
        ("s3://other/a.tsv", "s3://other/a.tsv: no such file; correct corpus.train"),
        ("s3://other/*.tsv", "s3://other/*.tsv: matches no file; correct corpus.train"),
        (
            "s3://bucket/in",
            "s3://bucket/in: is a folder; name its files, such as s3://bucket/in/*; correct corpus.train",
        ),
    ],
)
def test_what_a_bucket_lacks(place: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=re.escape(said)):
        sources_of(place, tmp_path)


@pytest.mark.usefixtures("s3")
def test_without_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(UserError, match="credentials") as mistake:
        sources_of("s3://bucket/in/part-1.tsv.gz", tmp_path)
    assert "\n" not in str(mistake.value)


@pytest.mark.usefixtures("s3")
def test_a_server_that_is_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(Unreachable, match=r"s3://bucket/in/part-1\.tsv\.gz: cannot be copied"):
        sources_of("s3://bucket/in/part-1.tsv.gz", tmp_path)
