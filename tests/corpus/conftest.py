from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.corpus.site import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    (tmp_path / "www").mkdir()
    site = Site(tmp_path / "www")
    yield site
    site.go_away()
