"""The recipe beside a checkpoint, and the machine that has torch, numpy and safetensors alone."""

import json
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from pydantic import BaseModel

from seqloom.recipe.recipe_json import ADDED, RECIPE_FILE, SECTIONS, read_recipe, write_recipe
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import Recipe

LAYERS = {f"{side}_{size}": 1 for side in ("encoder", "decoder") for size in ("layers", "width")}


@pytest.fixture
def recipe() -> Recipe:
    tree: dict[str, Any] = {
        "name": "small",
        "corpus": {"train": ["源.en", "源.zh"], "source_language": "en"},
        "training": {"learning_rate": 0.1 + 0.2, "epochs": 3},
        "vectors": {"method": "pretrained", "source_file": "glove.txt"},
        "model": {"encoder": "lstm", "decoder": "lstm", "attention": "additive", **LAYERS},
    }
    return check_recipe(tree, "small")


def assert_same_fields(read: Any, written: BaseModel) -> None:
    assert vars(read).keys() == type(written).model_fields.keys()
    for field in type(written).model_fields:
        value = getattr(written, field)
        if isinstance(value, BaseModel):
            assert_same_fields(getattr(read, field), value)
        else:
            assert getattr(read, field) == value
            assert type(getattr(read, field)) is type(value)


def test_reads_what_was_written(recipe: Recipe, tmp_path: Path) -> None:
    write_recipe(recipe, tmp_path)
    assert_same_fields(read_recipe(tmp_path), recipe)


def test_the_same_recipe_is_the_same_bytes(recipe: Recipe, tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_recipe(recipe.model_copy(deep=True), tmp_path / name)
    assert (tmp_path / "a/recipe.json").read_bytes() == (tmp_path / "b/recipe.json").read_bytes()


def test_a_bare_gpu_machine_reads_recipes_and_trains(recipe: Recipe, tmp_path: Path) -> None:
    """Nothing but torch, numpy, safetensors and what those import is imported; the rest is blocked to be sure."""
    write_recipe(recipe, tmp_path)
    program = f"""
        import sys, numpy.random, safetensors.torch, torch
        for name in ("pydantic", "tokenizers", "pandas", "pyarrow", "mlflow", "prefect", "gensim", "yaml", "filelock",
                     "rich", "typer", "sacrebleu", "sklearn", "matplotlib"):
            sys.modules[name] = None
        before = {{name.partition(".")[0] for name in sys.modules}}
        import seqloom.training
        import seqloom.training.stage
        import seqloom.dataset.bucketed_batches
        import seqloom.recipe.recipe_json
        from pathlib import Path
        recipe = seqloom.recipe.recipe_json.read_recipe(Path({str(tmp_path)!r}))
        seqloom.training.stage.build_model(recipe.model, seqloom.training.stage.Sizes(9, 9, 4, False))
        after = {{name.partition(".")[0] for name in sys.modules}}
        print(*sorted(after - before - sys.stdlib_module_names))
    """
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", dedent(program)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["seqloom"]


def test_what_was_written_before_a_field_was_added_means_what_it_did(recipe: Recipe, tmp_path: Path) -> None:
    """White space was folded, every test row counted, and none was disturbed: today the default is another."""
    before = {"corpus": {"whitespace": "fold"}, "evaluation": {"test_rows": "all", "robustness_rows": 0}}
    changes = {name: getattr(recipe, name).model_copy(update=fields) for name, fields in before.items()}
    recipe = recipe.model_copy(update=changes)
    write_recipe(recipe, tmp_path)
    file = tmp_path / RECIPE_FILE
    stored = json.loads(file.read_text(encoding="utf-8"))
    for section, fields in ADDED.items():
        for field in fields:
            del stored[section][field]
    file.write_text(json.dumps(stored), encoding="utf-8")
    assert_same_fields(read_recipe(tmp_path), recipe)


FIRST = {
    "corpus": "train validation test format encoding header source_column target_column turns turn_separator "
    "dialogue_column source_language target_language validation_share test_share overfit max_characters",
    "vocabulary": "kind size shared min_frequency",
    "vectors": "method width algorithm window negative epochs workers seed source_file target_file",
    "model": "encoder decoder attention encoder_width decoder_width encoder_layers decoder_layers bidirectional "
    "reverse_source input_feeding variational_dropout kernel_size heads feedforward_width norm positions "
    "max_positions copy_attention coverage pooling tie_embeddings dropout",
    "training": "objective start_encoder_from start_from epochs batch_tokens block_size gradient_accumulation "
    "optimizer learning_rate schedule warmup_steps weight_decay max_grad_norm label_smoothing "
    "freeze_embeddings ema_decay average_checkpoints select_by patience seed device precision processes "
    "checkpoint_minutes",
    "decoding": "method beam_size temperature top_k top_p num_samples seed length_penalty max_length batch_size",
}
"""Fields of the first recipes that were stored."""


@pytest.mark.parametrize("section", SECTIONS)
def test_a_field_that_is_added_has_a_value_for_recipes_before_it(section: str) -> None:
    """Without it a version that was registered before does not answer: its recipe is read without defaults."""
    fields = set(Recipe.model_fields[section].annotation.model_fields)  # type: ignore[union-attr]
    missing = fields - set(FIRST[section].split()) - set(ADDED.get(section, {}))
    assert not missing, f"recipe_json.ADDED['{section}'] lacks {', '.join(sorted(missing))}"
