"""Which version a training goes on from: pinned by its number, and refused where its weights would not fit."""

import re
from pathlib import Path
from typing import Any

import pytest
from mlflow import MlflowClient
from safetensors.torch import load_file, save_file

from seqloom.artifact.cache_key import TRAINING, VOCABULARY
from seqloom.errors import UserError
from seqloom.recipe.recipe_json import RECIPE_FILE, read_recipe
from seqloom.registry.mlflow_runs import FlowRun, open_run
from seqloom.registry.mlflow_tracking import connect
from seqloom.registry.parent_version import copy_parent, parent_of, pin_parent
from seqloom.registry.versions import register_version
from tests.registry.tiny import corpus, evaluation, recipe_named, write_checkpoint

LIKE = {"vocabulary": {"kind": "word", "min_frequency": 1}, "vectors": {"width": 8}}


@pytest.fixture(scope="module", autouse=True)
def _parent(home: Path, checkpoint: Path) -> None:
    client = connect(home)
    recipe = recipe_named("parent")
    run_id = open_run(client, recipe, "key", FlowRun("flow", "flow"), corpus(), home)
    register_version(client, recipe, run_id, "key", checkpoint, evaluation())


def child(start_from: str = "models:/parent@challenger", **changes: Any) -> Any:
    return recipe_named("child", training={"start_from": start_from}, **changes)


def test_an_alias_becomes_the_number_it_means_now(client: MlflowClient, home: Path) -> None:
    assert client
    pinned = pin_parent(child(), home)
    assert re.fullmatch("models:/parent/1#sha256=[0-9a-f]{16}", pinned.training.start_from)
    assert type(pinned).model_validate(pinned.model_dump()) == pinned
    assert pin_parent(pinned, home) == pinned
    alone = recipe_named("child")
    assert pin_parent(alone, home) is alone
    assert parent_of(alone, home) is None


def test_the_checkpoint_is_laid_where_training_looks(home: Path, checkpoint: Path, tmp_path: Path) -> None:
    copy_parent(pin_parent(child(), home), home, tmp_path)
    assert read_recipe(tmp_path / "parent").name == "parent"
    files = {file.name for file in checkpoint.iterdir()}
    assert {file.name for file in (tmp_path / "parent").iterdir()} == files
    for name in files - {RECIPE_FILE}:
        assert (tmp_path / "parent" / name).read_bytes() == (checkpoint / name).read_bytes()


@pytest.mark.parametrize(
    ("start_from", "changes", "sentence"),
    [
        ("models:/parent/9", {}, "model parent has no version 9"),
        ("models:/nobody@champion", {}, "no registered model nobody"),
        ("models:/parent/1", {"model": {"encoder": "gru", "encoder_width": 6, "decoder_width": 10}}, "set it to lstm"),
        ("models:/parent/1", {"model": {"encoder_width": 7, "decoder_width": 10}}, "model.encoder_width 6 and this"),
        ("models:/parent/1", {"vectors": {"width": 9}}, "vectors.width 8 and this recipe 9: set it to 8"),
        ("models:/parent/1", {"vocabulary": {"kind": "bpe"}}, "vocabulary.kind word and this recipe bpe"),
    ],
)
def test_what_does_not_fit_is_one_sentence(home: Path, start_from: str, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        pin_parent(child(start_from, **changes), home)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_another_dropout_fits(home: Path) -> None:
    changed = child(model={"encoder_width": 6, "decoder_width": 10, "dropout": 0.5})
    assert pin_parent(changed, home).training.start_from.startswith("models:/parent/1#")


def test_a_number_that_was_given_again_is_another_parent(client: MlflowClient, home: Path, tmp_path: Path) -> None:
    """Once a model is deleted, MLflow counts its versions from 1 again."""

    def pinned(key: str) -> Any:
        recipe = recipe_named("fleeting")
        run_id = open_run(client, recipe, key, FlowRun("flow", "flow"), corpus(), home)
        assert register_version(client, recipe, run_id, key, folder, evaluation()).number == 1
        return pin_parent(child("models:/fleeting/1"), home)

    folder = write_checkpoint(tmp_path)
    before = pinned("one")
    client.delete_registered_model("fleeting")
    weights = load_file(folder / "weights.safetensors")
    save_file({name: weight + 1 for name, weight in weights.items()}, folder / "weights.safetensors")
    after = pinned("two")
    for stage in (VOCABULARY, TRAINING):
        assert stage.key(before, ["a"]) != stage.key(after, ["a"])
    for use in (lambda: pin_parent(before, home), lambda: parent_of(before, home)):
        with pytest.raises(UserError, match="models:/fleeting/1 is another version than the one that was meant"):
            use()
