"""The page for notebooks: its ten lines run, and what they call says its mistakes in a sentence."""

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import seqloom
from seqloom.errors import UserError
from seqloom.pipeline import TextModel
from seqloom.recipe.recipe_loader import change_recipe, check_recipe
from seqloom.registry.run_plan import plan

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "library.md").read_text(encoding="utf-8")
SMALL = (
    *("model.encoder=gru", "model.decoder=gru", "model.encoder_width=16", "model.decoder_width=16"),
    *("vocabulary.kind=word", "vectors.method=none", "vectors.width=16"),
    *("training.epochs=1", "training.batch_tokens=512", "decoding.max_length=12"),
)


@pytest.fixture(scope="module")
def notebook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The names that the page's lines leave behind, of a smaller model."""
    folder, mask = tmp_path_factory.mktemp("a notebook"), os.umask(0o022)
    shutil.copy(ROOT / "data" / "phrases.tsv", folder)
    [lines] = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    small = ", ".join(f'"{override}"' for override in SMALL)
    names: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("SEQLOOM_HOME", str(folder / "home"))
        patch.delenv("SEQLOOM_OUTPUT_UMASK", raising=False)
        assert '"training.epochs=2"' in lines
        assert len([line for line in lines.splitlines() if line]) <= 10
        exec(lines.replace('"training.epochs=2"', small), names)
        names["home"] = folder / "home"
        yield names
    os.umask(mask)


@pytest.fixture
def model(notebook: dict[str, Any]) -> TextModel:
    assert isinstance(notebook["model"], TextModel)
    return notebook["model"]


def test_the_lines_run_and_what_the_process_writes_is_as_before(notebook: dict[str, Any]) -> None:
    assert notebook["again"].folder == notebook["model"].folder
    before = os.umask(0o022)
    assert before == 0o022
    assert (notebook["home"] / "artifacts").stat().st_mode & 0o077 == 0


def test_its_stages_are_those_of_the_command(notebook: dict[str, Any]) -> None:
    recipe = check_recipe(notebook["recipe"], "the page")
    steps = plan(change_recipe(recipe, SMALL), notebook["home"])
    assert [step.stage for step in steps if step.cached] == ["corpus", "vocabulary", "vectors", "dataset", "training"]


def test_again_it_is_found_and_not_trained(notebook: dict[str, Any], model: TextModel) -> None:
    seen: list[object] = []
    again = seqloom.train(notebook["recipe"], *SMALL, observe=seen.append)
    assert not seen
    assert again.folder == model.folder
    assert again.evaluate() == model.evaluate()


def test_it_scores_rows_that_are_given(model: TextModel) -> None:
    sources = ["the cat sleeps", "the small dog plays in the garden"]
    own = pd.DataFrame({"source": sources, "target": model.predict(sources)})
    assert model.evaluate(own)["ter"] == 0.0  # its own answers as references
    assert set(model.evaluate(own)) == set(model.evaluate()) == {"bleu", "chrf", "ter"}


def test_mistakes_are_sentences(model: TextModel, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="one text: write"):
        model.predict("the cat sleeps")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="beam"):
        model.predict(["the cat sleeps"], beams=2)
    with pytest.raises(UserError, match="columns source and target"):
        seqloom.load(model.folder).evaluate()
    with pytest.raises(UserError, match="columns source and target"):
        model.evaluate(pd.DataFrame({"text": ["the cat sleeps"]}))
    with pytest.raises(UserError, match="no such"):
        seqloom.load(tmp_path / "nowhere")
    with pytest.raises(AttributeError, match="no attribute"):
        seqloom.predict  # noqa: B018
