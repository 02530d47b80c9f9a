"""What a run is asked for: the form or a recipe file, overrides on top, and a mistake told before any work."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect import Flow
from prefect.utilities.callables import parameter_schema

from flows import parameters
from flows.batch_generate import batch_generate
from flows.clean_up import clean_up
from flows.compare import compare
from flows.data_to_model import data_to_model
from flows.ensemble_version import ensemble_version
from flows.parameters import FORM, asked_recipe, checked_parameters, edits_in
from flows.refresh import refresh
from seqloom.errors import UserError
from seqloom.recipe.recipe_loader import change_recipe, load_recipe
from tests.flows.command_process import Fork, command
from tests.flows.conftest import environment

ROOT = Path(__file__).parents[2]
TRANSLATE = str(ROOT / "recipes" / "translate.yaml")
OTHER = load_recipe(Path(TRANSLATE))


def test_the_form_starts_from_the_demo() -> None:
    assert load_recipe(ROOT / "recipes" / "demo.yaml") == FORM == asked_recipe(FORM, "", ())


def test_a_file_takes_the_place_of_the_form_and_overrides_go_on_top_of_either() -> None:
    override = ("training.epochs=7", "model={encoder: gru}")
    assert asked_recipe(FORM, TRANSLATE, ()) == load_recipe(Path(TRANSLATE))
    assert asked_recipe(FORM, TRANSLATE, override[:1]) == load_recipe(Path(TRANSLATE), override[:1])
    changed = asked_recipe(FORM, "", override)
    assert (changed.name, changed.training.epochs, changed.model.encoder) == (FORM.name, 7, "gru")
    assert changed.corpus == FORM.corpus


def test_what_is_changed_in_the_form_goes_on_top_of_the_file_and_overrides_on_top_of_that() -> None:
    begun = load_recipe(Path(TRANSLATE))
    edited = change_recipe(begun, ("name=mine", "training.epochs=3", "decoding.beam_size=1"))
    made = asked_recipe(edited, TRANSLATE, ("decoding.beam_size=2",), begun)
    assert made == load_recipe(Path(TRANSLATE), ("name=mine", "training.epochs=3", "decoding.beam_size=2"))
    assert asked_recipe(begun, str(ROOT / "recipes" / "demo.yaml"), (), begun) == FORM, (
        "what nobody touched is the file's"
    )


@given(st.data())
def test_every_field_of_the_form_is_told_from_what_it_began_as(data: st.DataObject) -> None:
    fields = {name: value for name, value in edits_in(FORM, OTHER).items() if name.startswith(("training", "registry"))}
    chosen = data.draw(st.sets(st.sampled_from(sorted(fields))))
    edited = change_recipe(OTHER, [f"{name}={json.dumps(fields[name])}" for name in chosen])
    assert edits_in(edited, OTHER).keys() == chosen


def test_the_form_of_a_run_began_with_what_its_deployment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    begun = load_recipe(Path(TRANSLATE))
    schema = {"properties": {"recipe": {"default": begun.model_dump(mode="json")}}}
    client = MagicMock()
    client.__enter__().read_deployment.return_value.parameter_openapi_schema = schema
    monkeypatch.setattr(parameters, "get_client", lambda **_: client)
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", str(uuid4()))
    assert parameters.form_start() == begun
    schema["properties"]["recipe"]["default"] = {"name": "of another Seqloom"}
    monkeypatch.setenv("PREFECT__RUNTIME__DEPLOYMENT__ID", str(uuid4()))
    assert parameters.form_start() == FORM


def test_all_mistakes_are_told_at_once_and_no_pattern() -> None:
    wrong = {"name": "a b", "corpus": {"train": []}, "training": {"epochs": -1, "start_from": "x"}}
    with pytest.raises(UserError) as caught:
        checked_parameters(data_to_model.fn, {"recipe": wrong, "force": "perhaps"})
    told = str(caught.value)
    assert told.startswith("parameters: 5 mistakes: (1) ")
    for field in (
        "recipe.name: 'a b' is no name",
        "corpus.train",
        "training.epochs",
        "start_from: 'x' is no reg",
        "force",
    ):
        assert field in told
    assert "\n" not in told
    assert "[A-Z" not in told


def test_no_pattern_is_shown_and_what_people_touch_comes_first() -> None:
    schema = parameter_schema(data_to_model).model_dump()
    assert not [node for node in nodes(schema) if isinstance(node.get("pattern"), str)]
    assert min(schema["properties"], key=lambda name: schema["properties"][name]["position"]) == "recipe_file"
    for section, first in (("Recipe", "name"), ("TrainingSection", "epochs"), ("ModelSection", "encoder")):
        fields = schema["definitions"][section]["properties"]
        assert sorted(field["position"] for field in fields.values()) == list(range(len(fields)))
        assert fields[first]["position"] == 0


@pytest.mark.parametrize(
    ("recipe_file", "override", "sentence"),
    [
        ("gone.yaml", (), "gone.yaml: no such recipe .*; give the path of a YAML file"),
        (TRANSLATE, ("training.epoch=3",), "translate.yaml: training.epoch .* did you mean training.epochs?"),
        ("", ("training.epoch=3",), "recipe jupyterlab-en-zh: training.epoch .* did you mean training.epochs?"),
        ("", ("training.learning_rate=50",), "recipe jupyterlab-en-zh: training.learning_rate: .* not 50"),
        ("", ("training.epochs",), "override training.epochs: it is written section.field=value"),
        ("", ("name.first=x",), "override name.first=x: name is not a section"),
    ],
)
def test_a_mistake_in_the_parameters_is_one_sentence(
    recipe_file: str, override: tuple[str, ...], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        asked_recipe(FORM, recipe_file, override)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "flow", [batch_generate, clean_up, compare, data_to_model, ensemble_version, refresh], ids=lambda flow: flow.name
)
def test_every_parameter_is_a_field_with_a_help_text(flow: Flow[..., Any]) -> None:
    """Prefect's UI draws a raw JSON box for a union, and no help for what has no description."""
    schema = parameter_schema(flow).model_dump()
    assert not [node for node in nodes(schema) if {"anyOf", "oneOf", "allOf"} & node.keys()]
    fields = [schema, *(model for name, model in schema["definitions"].items() if name != "Recipe")]
    assert all(field.get("description") for model in fields for field in model["properties"].values())


def test_the_form_shows_the_demo() -> None:
    schema = parameter_schema(data_to_model).model_dump()
    assert schema["properties"].keys() == {"recipe", "recipe_file", "override", "force"}
    assert not schema["required"]
    assert schema["properties"]["recipe"]["default"] == FORM.model_dump(mode="json")


def nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    for inner in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from nodes(inner)


def ask_for_a_recipe_that_is_gone() -> None:
    log = logging.getLogger("prefect.flow_runs")
    log.addHandler(logging.StreamHandler())
    log.setLevel(logging.ERROR)
    state = data_to_model(recipe_file="gone.yaml", return_state=True)
    print(state.type.value, state.message)


def test_a_run_with_a_mistake_fails_before_any_work(workplace: Path, tmp_path: Path, prefect: dict[str, str]) -> None:
    env = environment(workplace) | prefect | {"SEQLOOM_HOME": str(tmp_path)}
    done = Fork(ask_for_a_recipe_that_is_gone, cwd=workplace, env=env).wait()
    assert done.stdout.startswith("FAILED "), done.stderr
    assert "gone.yaml: no such recipe" in done.stdout
    assert "gone.yaml: no such recipe" in done.stderr  # the log of the run
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_force_does_every_stage_again_in_the_same_folders(trained_place: Path, prefect: dict[str, str]) -> None:
    env, artifacts = environment(trained_place) | prefect, trained_place / ".seqloom" / "artifacts"

    def train(*arguments: str) -> dict[str, Any]:
        done = command("train", "recipe.yaml", "--json", *arguments, cwd=trained_place, env=env).wait()
        assert done.returncode == 0, done.stderr
        outcome: dict[str, Any] = json.loads(done.stdout)
        return outcome

    def written() -> dict[Path, int]:
        files = [*artifacts.glob("training/*/weights.safetensors"), *artifacts.glob("*/*/manifest.json")]
        return {file: file.stat().st_mtime_ns for file in files}

    first, before = train(), written()
    weights = (Path(first["checkpoint"]) / "weights.safetensors").read_bytes()
    again, after = train("--force"), written()
    assert "cached" not in again["stages"].values()
    assert (again["version"], again["checkpoint"]) == (2, first["checkpoint"])
    assert again["run_id"] != first["run_id"]
    assert (Path(first["checkpoint"]) / "weights.safetensors").read_bytes() == weights, "bit for bit, on a CPU"
    rewritten = {file.parts[-3] for file in before if after[file] > before[file]}
    assert rewritten >= {"corpus", "vocabulary", "vectors", "dataset", "training"}
    assert before.keys() - after.keys() == {file for file in before if file.parts[-3] == "evaluation"} - after.keys()
    third = train()
    assert set(third["stages"].values()) == {"cached"}
    assert third["version"] == 2
