"""Versions that Seqloom 0.1 registered: they are whole, load, answer as they did, are shown, exported and continued."""

import json
import tarfile
from pathlib import Path

import mlflow
import pandas as pd
import pytest
import torch

from seqloom.artifact.digest import digest_of_folder
from seqloom.decoding.generator_loader import load_generator
from seqloom.errors import UserError
from seqloom.models.model_factory import build_model, read_checkpoint, read_sizes
from seqloom.progress import unwatched
from seqloom.recipe.recipe_json import read_recipe
from seqloom.recipe.schema import Recipe
from seqloom.registry.checkpoint_folder import find_checkpoint
from seqloom.registry.exported_versions import _recipe_and_rows, export_folder
from seqloom.registry.integrity import require_all_intact
from seqloom.registry.latency_benchmark import measure
from seqloom.registry.model_card import read_card
from seqloom.registry.model_uri import download, find_version
from seqloom.registry.parent_version import copy_parent, pin_parent
from seqloom.training.warm_start import PARENT_FOLDER, continue_from

FIXTURES = Path(__file__).parents[1] / "fixtures"
VERSIONS = json.loads((FIXTURES / "homes_0_1.json").read_text(encoding="utf-8"))
over_versions = pytest.mark.parametrize("uri", VERSIONS)


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("earlier ü")
    with tarfile.open(FIXTURES / "homes_0_1.tar.xz") as archive:
        archive.extractall(folder, filter="data")  # nothing outside of the folder, and no links
    return folder


@over_versions
def test_it_is_as_it_was_registered(homes: Path, uri: str) -> None:
    version = find_version(uri, homes / VERSIONS[uri]["home"])
    folder = download(version)
    require_all_intact(folder, version)
    checkpoint = find_checkpoint(uri, homes / VERSIONS[uri]["home"])
    assert checkpoint.is_relative_to(homes)
    assert digest_of_folder(checkpoint) == VERSIONS[uri]["checkpoint"]


@over_versions
def test_a_changed_file_is_found(homes: Path, uri: str, tmp_path: Path) -> None:
    version = find_version(uri, homes / VERSIONS[uri]["home"])
    folder = download(version, tmp_path)
    changed = folder / "artifacts" / "package" / "checkpoint" / "weights.safetensors"
    content = changed.read_bytes()
    changed.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(UserError, match=r"weights\.safetensors is not the file that was registered"):
        require_all_intact(folder, version)


@over_versions
def test_it_answers_as_it_did_by_todays_code(homes: Path, uri: str) -> None:
    told = VERSIONS[uri]
    checkpoint = find_checkpoint(uri, homes / told["home"])
    assert load_generator(checkpoint).generate(told["texts"]) == told["answers"]


@pytest.mark.filterwarnings("ignore:.*Any type hint")  # of MLflow's own types, where it is imported first
@over_versions
def test_it_answers_as_it_did_by_its_own_code(homes: Path, uri: str) -> None:
    told = VERSIONS[uri]
    folder = download(find_version(uri, homes / told["home"]))
    model = mlflow.pyfunc.load_model(str(folder))
    asked = pd.DataFrame({"source": told["texts"]})
    assert model.predict(asked)["prediction"].tolist() == told["answers"]


@pytest.mark.filterwarnings("ignore:.*Any type hint")
@over_versions
def test_the_gate_measures_it(homes: Path, uri: str) -> None:
    told = VERSIONS[uri]
    folder = download(find_version(uri, homes / told["home"]))
    decoding = Recipe.model_validate({"name": "x", "corpus": {"train": ["x"]}}).decoding
    measured = measure(str(folder), told["texts"], decoding, "cpu", unwatched)
    assert len(measured.replies["prediction"]) == len(told["texts"])


def test_a_form_that_was_exported_answers(homes: Path) -> None:
    pytest.importorskip("ctranslate2")
    uri = next(iter(VERSIONS))
    told = VERSIONS[uri]
    backend = find_checkpoint(uri, homes / told["home"], "ctranslate2")
    assert load_generator(backend).generate(told["texts"]) == told["answers"]


@over_versions
def test_its_card_and_its_recipe_are_shown(homes: Path, uri: str) -> None:
    home = homes / VERSIONS[uri]["home"]
    card = read_card(uri, home)
    assert (card.name, card.version, card.aliases) == (uri.split("/")[1], 2, ["champion"])
    assert f"# {card.name}" in card.text
    recipe, rows = _recipe_and_rows(find_version(uri, home))
    assert recipe.name == card.name
    assert len(rows) > 20


def test_it_is_exported(homes: Path, tmp_path: Path) -> None:
    pytest.importorskip("ctranslate2")
    uri = next(iter(VERSIONS))
    folder = export_folder(uri, homes / VERSIONS[uri]["home"], "ctranslate2", tmp_path / "exported")
    assert load_generator(folder).generate(VERSIONS[uri]["texts"]) == VERSIONS[uri]["answers"]


@over_versions
def test_a_training_goes_on_from_it(homes: Path, uri: str, tmp_path: Path) -> None:
    """With all of its weights, by a recipe of today that says the same of the model."""
    home = homes / VERSIONS[uri]["home"]
    checkpoint = find_checkpoint(uri, home)
    theirs, _ = _recipe_and_rows(find_version(uri, home))
    child = theirs.model_copy(
        update={"name": "child", "training": theirs.training.model_copy(update={"start_from": uri})}
    )
    pinned = pin_parent(Recipe.model_validate(child.model_dump()), home)
    copy_parent(pinned, home, tmp_path)
    assert read_recipe(tmp_path / PARENT_FOLDER).name == theirs.name
    torch.manual_seed(5)
    model = build_model(pinned.model, read_sizes(checkpoint))
    continue_from(model, tmp_path / PARENT_FOLDER)
    learned = read_checkpoint(read_recipe(checkpoint).model, checkpoint).state_dict()
    assert all(torch.equal(weight, learned[name]) for name, weight in model.state_dict().items())
