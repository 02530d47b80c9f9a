"""The fastest backend is chosen, and one that cannot decode as the recipe says is not."""

import json
from pathlib import Path

import pytest

from seqloom.decoding import backend_choice
from seqloom.decoding.backend_choice import choose_backend
from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.generator import Generator
from seqloom.decoding.torch_backend import TorchBackend
from seqloom.errors import UserError
from seqloom.recipe.recipe_json import RECIPE_FILE
from tests.decoding.test_backends import checkpoint


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    pytest.importorskip("ctranslate2")
    folder = tmp_path_factory.mktemp("backends")
    (folder / "torch").mkdir()
    made = checkpoint(folder / "torch")
    export(made, folder / "ctranslate2", "ctranslate2")
    return {"torch": made, "ctranslate2": folder / "ctranslate2"}


@pytest.mark.parametrize("slow", ["torch", "ctranslate2"])
def test_the_fastest_is_chosen(folders: dict[str, Path], monkeypatch: pytest.MonkeyPatch, slow: str) -> None:
    def seconds(generator: Generator) -> float:
        return 0.5 if isinstance(generator.backend, TorchBackend) is (slow == "torch") else 0.1

    monkeypatch.setattr(backend_choice, "seconds_of", seconds)
    choice = choose_backend(folders)
    fast = next(name for name in folders if name != slow)
    assert choice.backend == fast
    assert choice.sentence == f"backend {fast} answers, of one text: {fast} 100.0 ms, {slow} 500.0 ms"


def test_they_are_measured_and_answer(folders: dict[str, Path]) -> None:
    choice = choose_backend(folders)
    assert set(choice.milliseconds) == set(folders)
    assert min(choice.milliseconds.values()) == choice.milliseconds[choice.backend] > 0


@pytest.mark.parametrize(
    ("options", "reason"), [({"method": "sample"}, "cannot sample"), ({"glossary": "a\tb"}, "no constrained search")]
)
def test_one_that_cannot_decode_so_is_skipped(
    folders: dict[str, Path], tmp_path: Path, options: dict[str, str], reason: str
) -> None:
    changed = tmp_path / "ctranslate2"
    changed.mkdir()
    recipe = json.loads((folders["ctranslate2"] / RECIPE_FILE).read_text(encoding="utf-8"))
    recipe["decoding"] |= options
    (changed / RECIPE_FILE).write_text(json.dumps(recipe), encoding="utf-8")
    choice = choose_backend({**folders, "ctranslate2": changed})
    assert choice.backend == "torch"
    assert reason in choice.sentence
    with pytest.raises(UserError, match=reason):
        choose_backend({"ctranslate2": changed})
