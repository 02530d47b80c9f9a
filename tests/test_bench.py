"""What the benchmark trains can be trained: its recipes are read by the rules of today."""

from pathlib import Path

import pytest

from bench import architectures, embeddings, quality
from bench.corpora import VARIABLE
from bench.paths import RECIPES, ROOT
from bench.quality import CorpusRecipe
from seqloom.recipe.recipe_loader import load_recipe

READ = (".py", ".md", ".yaml")


@pytest.mark.parametrize("file", sorted(RECIPES.glob("*.yaml")), ids=lambda file: file.stem)
def test_its_recipes_are_accepted(file: Path) -> None:
    recipe = load_recipe(file, [])
    assert recipe.name == f"bench-{file.stem}"
    assert recipe.training.epochs > 100  # the race ends it, not the recipe


@pytest.mark.parametrize(
    ("recipe", "override"),
    [
        *((architectures.RECIPE, override) for override in architectures.VARIANTS.values()),
        *((embeddings.RECIPE, override) for override in embeddings.variants_with(Path("some.vec")).values()),
    ],
)
def test_what_it_compares_can_be_trained(recipe: Path, override: list[str]) -> None:
    load_recipe(recipe, override)


@pytest.mark.parametrize("application", quality.CORPUS_RECIPES.values(), ids=quality.CORPUS_RECIPES)
def test_every_application_can_be_trained(application: CorpusRecipe) -> None:
    recipe = ROOT / "recipes" / f"{application.recipe}.yaml"
    load_recipe(recipe, [*application.corpus_overrides, *application.overrides])


def test_without_its_corpora_it_says_in_one_sentence_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench.quality", "ptb"])
    for named, sentence in (
        ("", "this reads ptb/ptb.train.txt: set SEQLOOM_CORPORA"),
        (str(tmp_path), "no ptb/ptb.train"),
    ):
        monkeypatch.setenv(VARIABLE, named)
        with pytest.raises(SystemExit) as left:
            quality.main()
        assert left.value.code == 2
        assert capsys.readouterr().err.startswith(sentence)


def test_nothing_names_a_folder_beside_the_repository() -> None:
    files = [file for top in ("bench", "tests", "docs") for file in (ROOT / top).rglob("*") if file.suffix in READ]
    beside = f"..{'/'}shared"
    assert not [file for file in files if beside in file.read_text(encoding="utf-8")]
