"""Mistakes that only a running flow can find: refused by the same rules, finished stages kept."""

from pathlib import Path

import pytest

from tests.flows.conftest import Run

pytestmark = pytest.mark.usefixtures("first")


@pytest.mark.parametrize(
    ("overrides", "parts"),
    [
        pytest.param(
            ["vectors.method=pretrained", "vectors.source_file=narrow.vec"],
            ["narrow.vec", "3", "16", "vectors.width"],
            id="width",
        ),
        pytest.param(
            [
                "training.optimiser=sgd",
                "training.learning_rate=10",
                "training.clip_norm=1e30",
                "training.batch_tokens=32",
            ],
            ["at step", "learning rate 10", "lower training.learning_rate"],
            id="NaN",
        ),
    ],
)
def test_one_sentence_and_nothing_half_written(
    seqloom: Run, workplace: Path, overrides: list[str], parts: list[str]
) -> None:
    (workplace / "narrow.vec").write_text("1 3\nthe 0.1 0.2 0.3\n")
    options = [word for override in overrides for word in ("-o", override)]
    done = seqloom("train", "recipe.yaml", *options, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    sentence = done.stderr.splitlines()[-1]
    assert sentence.startswith("seqloom: ")
    assert all(part in sentence for part in parts), sentence
    assert "Traceback" not in done.stderr
    folders = [path for path in (workplace / ".seqloom" / "artifacts").glob("*/*") if path.is_dir()]
    assert all((path / "manifest.json").exists() or path.suffix == ".work" for path in folders)
