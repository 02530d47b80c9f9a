from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.artifact.manifest import MANIFEST_FILE, Manifest, read_manifest

WORDS = st.text('ab句"\n', max_size=3)
FACTS = st.dictionaries(
    WORDS,
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@settings(max_examples=50)
@given(facts=FACTS, seconds=st.floats(0, 1e9))
def test_reads_what_was_written(
    facts: dict[str, object], seconds: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("stage")
    manifest = Manifest("corpus", "k" * 64, "d" * 64, str(folder), seconds, facts)
    manifest.write(folder)
    assert read_manifest(folder) == manifest


def test_the_folder_is_where_the_manifest_was_found(tmp_path: Path) -> None:
    Manifest("corpus", "k", "d", "/where/it/was/made", 1.0).write(tmp_path)
    assert read_manifest(tmp_path).path == tmp_path


def test_people_can_read_it(tmp_path: Path) -> None:
    Manifest("corpus", "k", "d", str(tmp_path), 1.0, {"句": 1}).write(tmp_path)
    assert "句" in (tmp_path / MANIFEST_FILE).read_text(encoding="utf-8")
