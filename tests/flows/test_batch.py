"""`seqloom batch`: a file through the champion, to Parquet."""

import json
from pathlib import Path

import pandas as pd
import pytest

from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.generator_loader import load_generator
from tests.flows.command_process import real
from tests.flows.conftest import Run, environment

pytestmark = pytest.mark.usefixtures("first")
CHAMPION = "models:/phrases@champion"


def test_what_generate_says_to_every_row_and_then_nothing_more_to_do(seqloom: Run, workplace: Path) -> None:
    texts = ["the red cat", "a big dog", "x" * 101]
    pd.DataFrame({"id": [1, 2, 3], "text": texts}).to_csv(workplace / "new.csv", index=False)
    arguments = ["batch", CHAMPION, "new.csv", "--to", "out", "--column", "text", "--max-characters", "100"]
    told = json.loads(seqloom(*arguments, "--json").stdout)
    table = pd.read_parquet(workplace / told["folder"])
    assert table["id"].tolist() == ["1", "2", "3"]
    generated = json.loads(seqloom("generate", CHAMPION, *texts[:2], "--json").stdout)["outputs"]
    assert table["prediction"].tolist()[:2] == generated
    assert table["failure"][2].startswith("too long")
    assert (told["rows"], told["failed"], told["rows_before"]) == (3, 1, 0)
    again = real(*arguments, cwd=workplace, env=environment(workplace))
    assert again.returncode == 0
    assert "3 rows, 1 failed: all of them were there already" in again.stdout
    assert "too long: 101 characters" in again.stdout


def test_an_exported_model_is_taken_too(seqloom: Run, workplace: Path, tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2")
    from tests.decoding.test_backends import TEXTS, checkpoint

    made, folder = tmp_path / "made", tmp_path / "exported"
    made.mkdir()
    export(checkpoint(made), folder, "ctranslate2")
    (workplace / "words.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    told = json.loads(seqloom("batch", str(folder), "words.txt", "--to", "exported", "--json").stdout)
    table = pd.read_parquet(workplace / told["folder"])
    assert table["prediction"].fillna("").tolist() == load_generator(folder).generate(TEXTS)
    assert (told["rows"], told["failed"]) == (len(TEXTS), 1)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([CHAMPION, "gone.csv"], "gone.csv: no such file"),
        ([CHAMPION, "phrases.tsv", "--column", "text"], "no single column 'text' among its columns (source, target)"),
        (["models:/phrases@best", "phrases.tsv"], "has no alias best"),
    ],
)
def test_mistakes(seqloom: Run, workplace: Path, arguments: list[str], sentence: str) -> None:
    done = seqloom("batch", *arguments, "--to", "nothing")
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (workplace / "nothing").exists()
