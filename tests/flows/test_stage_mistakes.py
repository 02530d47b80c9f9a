"""Mistakes that only a running flow can find: refused by the same rules, finished stages kept."""

from pathlib import Path

import pytest

from tests.flows.conftest import Run

pytestmark = pytest.mark.usefixtures("first")


def test_one_sentence_and_nothing_half_written(seqloom: Run, workplace: Path) -> None:
    (workplace / "narrow.vec").write_text("1 3\nthe 0.1 0.2 0.3\n")
    wide = ["-o", "vectors.method=pretrained", "-o", "vectors.source_file=narrow.vec"]
    done = seqloom("train", "recipe.yaml", *wide, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith("seqloom: ")
    assert all(part in sentence for part in ("narrow.vec", "3", "16", "vectors.width")), sentence
    assert "Traceback" not in done.stderr
    folders = [path for path in (workplace / ".seqloom" / "artifacts").glob("*/*") if path.is_dir()]
    assert all((path / "manifest.json").exists() for path in folders)
