"""A corpus on the net: what one command downloads, it downloads once."""

from pathlib import Path

import pytest

from tests.corpus.site import Site
from tests.flows.command_process import command
from tests.flows.conftest import environment


@pytest.mark.parametrize("name", ["check", "train"])
def test_the_plan_and_the_corpus_are_of_one_download(name: str, own_place: Path, prefect: dict[str, str]) -> None:
    """Also through Prefect: the plan digests the file, and the corpus task finds the line that cannot be read."""
    (own_place / "www").mkdir()
    site = Site(own_place / "www")
    try:
        (own_place / "www" / "a.tsv").write_bytes(b"source\ttarget\nfine\tgut\nna\xefve\tnaiv\n")
        change = f"corpus.train=[{site.url}/a.tsv]"
        done = command(name, "recipe.yaml", "-o", change, cwd=own_place, env=environment(own_place) | prefect).wait()
    finally:
        site.go_away()
    assert done.returncode == 2, done.stderr
    assert "a.tsv line 3: byte 0xef is not UTF-8" in done.stderr
    assert site.asked == ["/a.tsv"]
