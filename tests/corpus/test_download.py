from pathlib import Path

import pytest

from seqloom.corpus.download import download_cache
from seqloom.corpus.sources import locate
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection
from tests.corpus.site import Site


def text_at(place: str, home: Path) -> str:
    ((file,),) = locate(CorpusSection(train=[place]), home).train.rows
    assert file.location == place.partition("#")[0]
    return file.path.read_text(encoding="utf-8")


def kept(home: Path) -> int:
    return len(list((home / "downloads").iterdir()))


def test_pinned_is_downloaded_once(site: Site, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    place = f"{site.url}/a.tsv#sha256={site.put('a').upper()}"
    assert text_at(place, tmp_path) == "a"
    site.go_away()
    assert text_at(place, tmp_path) == "a"
    assert kept(tmp_path) == 1
    assert capfd.readouterr() == ("", "")


def test_pinned_is_repaired(site: Site, tmp_path: Path) -> None:
    place = f"{site.url}/a.tsv#sha256={site.put('a')}"
    text_at(place, tmp_path)
    (file,) = (tmp_path / "downloads").iterdir()
    file.write_text("damaged", encoding="utf-8")
    assert text_at(place, tmp_path) == "a"


def test_unpinned_is_downloaded_each_time(site: Site, tmp_path: Path) -> None:
    for text in ("one", "two"):
        site.put(text)
        assert text_at(f"{site.url}/a.tsv?token=1", tmp_path) == text
    assert kept(tmp_path) == 1


def test_one_piece_of_work_sees_the_same_bytes(site: Site, tmp_path: Path) -> None:
    place = f"{site.url}/a.tsv"
    site.put("one")
    with download_cache():
        assert text_at(place, tmp_path) == "one"
        site.put("two")
        with download_cache():
            assert text_at(place, tmp_path) == "one"
        assert text_at(place, tmp_path) == "one"
        assert text_at(place, tmp_path / "another home") == "two"
        (tmp_path / "downloads").rename(tmp_path / "gone")
        assert text_at(place, tmp_path) == "two"
    site.put("three")
    assert text_at(place, tmp_path) == "three"


def test_another_file_than_is_pinned(site: Site, tmp_path: Path) -> None:
    found, pinned = site.put("a"), "0" * 64
    with pytest.raises(UserError, match=f"a.tsv: its sha256 is {found}, not {pinned}; .* corpus.train"):
        text_at(f"{site.url}/a.tsv#sha256={pinned}", tmp_path)
    assert kept(tmp_path) == 0


@pytest.mark.parametrize(
    ("path", "reason"), [pytest.param("/no.tsv", "404", id="missing"), pytest.param("/half.tsv", "", id="cut off")]
)
def test_nothing_is_left_of_a_failure(path: str, reason: str, site: Site, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"{path}: cannot be downloaded \(.*{reason}.*#sha256=…"):
        text_at(site.url + path, tmp_path)
    assert kept(tmp_path) == 0


def test_unpinned_without_a_network(site: Site, tmp_path: Path) -> None:
    place = f"{site.url}/a.tsv"
    site.put("a")
    text_at(place, tmp_path)
    site.go_away()
    with pytest.raises(UserError, match=rf"^{place}: cannot be downloaded \(.*refused\); .*a local file$"):
        text_at(place, tmp_path)


@pytest.mark.parametrize(
    "url", ["http://", "http://[/a.tsv", "http:///a.tsv", "https://a..b/a.tsv", "http://a:b/c.tsv"]
)
def test_no_url(url: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"cannot be downloaded|not a URL"):
        text_at(url, tmp_path)


@pytest.mark.parametrize("pin", ["", "sha256=", "sha256=12", "md5=" + "0" * 32, "sha256=" + "g" * 64])
def test_no_pin(pin: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"sha256= and 64 hexadecimal digits; correct corpus.train"):
        text_at(f"http://127.0.0.1:9/a.tsv#{pin}", tmp_path)
