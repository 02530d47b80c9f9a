"""Secrets in a URL: substituted for the download only."""

from pathlib import Path

import pytest

from seqloom.corpus import url_secrets
from seqloom.corpus.sources import locate
from seqloom.corpus.url_secrets import add_vault, fill_secrets
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection
from tests.corpus.site import Site

CANARY = "c4n4ry/s3cret%2B"


@pytest.fixture(autouse=True)
def no_vaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url_secrets, "_vaults", [])


def fetch(place: str, home: Path) -> str:
    """The name of the file, by which everybody else knows it."""
    ((file,),) = locate(CorpusSection(train=[place]), home).train.rows
    assert file.path.is_relative_to(home / "downloads")
    return f"{file.location} {file.path}"


@pytest.mark.parametrize("place", ["?token=${TOKEN}&dl=1", "?token=" + CANARY, "?a=b${TOKEN}", "?${TOKEN}"])
def test_the_server_is_told_and_nobody_else(
    place: str, site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("TOKEN", f"{CANARY}\n")
    site.put("a\tb")
    caplog.set_level("DEBUG")
    told = fetch(f"{site.url}/a.tsv{place}", tmp_path)
    assert site.asked == [f"/a.tsv{place}".replace("${TOKEN}", CANARY)]
    assert CANARY not in told + caplog.text
    assert "TOKEN" in told or "sha256-" in told


def test_a_token_that_changes_leaves_the_file_in_its_place(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = set()
    for token in ("one-token", "another-token"):
        monkeypatch.setenv("TOKEN", token)
        site.put(token)
        places.add(fetch(f"{site.url}/a.tsv?token=${{TOKEN}}", tmp_path))
    assert len(places) == 1


@pytest.mark.parametrize("value", ["", " \n"])
def test_a_name_without_a_secret(value: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", value)
    with pytest.raises(UserError, match=r"a\.tsv\?t=\$\{TOKEN\}: TOKEN is not set, which corpus\.train asks for: set"):
        fetch("http://127.0.0.1:9/a.tsv?t=${TOKEN}", tmp_path)


def test_a_mask_of_another_process(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"sha256-0{12} stands for was masked when this recipe was kept; write it as"):
        fetch("http://127.0.0.1:9/a.tsv?t=sha256-000000000000", tmp_path)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/a.tsv?t=${TOKEN}", "http://127.0.0.1:x/a.tsv?t=${TOKEN}", "http:///?t=${TOKEN}"]
)
def test_a_failure_does_not_tell_it(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", CANARY)
    for place in (url, url.replace("${TOKEN}", CANARY)):
        with pytest.raises(UserError) as caught:
            fetch(place, tmp_path)
        assert CANARY not in str(caught.value)
        assert caught.value.__cause__ is None


def test_a_vault_is_asked_after_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    add_vault({"TOKEN": "of the vault", "my-block": "kept?"}.get)
    assert fill_secrets("http://h?a=${my-block}", "corpus.train")[0] == "http://h?a=kept?"
    assert fill_secrets("http://h?a=${TOKEN}", "corpus.train")[0] == "http://h?a=of%20the%20vault"
    monkeypatch.setenv("TOKEN", "mine")
    assert fill_secrets("http://h?a=${TOKEN}", "corpus.train") == ("http://h?a=mine", ("mine", "mine"))
