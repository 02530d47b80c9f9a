"""The plan: what is finished is cached, and nothing after the first stage that has to run."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest
from mlflow import MlflowClient

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import STAGES, Stage
from seqloom.artifact.manifest import Manifest
from seqloom.corpus.sources import locate
from seqloom.errors import UserError
from seqloom.progress import unwatched
from seqloom.recipe.schema import Recipe
from seqloom.registry.preflight import check_recipe_and_files
from seqloom.registry.run_plan import digest_of_sources, plan
from seqloom.training.training_state import TrainingState
from tests.models.plain import facts_of
from tests.registry.tiny import recipe_named

NAMES = [stage.name for stage in STAGES]


@pytest.fixture
def place(client: MlflowClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home yet to be made; the registry is the one of all tests, for a new one takes seconds."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", client.tracking_uri)
    rows = "".join(f"small dog {n}\tkleiner Hund {n}\n" for n in range(200))
    (tmp_path / "pairs.tsv").write_text(f"source\ttarget\n{rows}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "a home ü"


def finish(recipe: Recipe, home: Path, count: int) -> dict[str, Manifest]:
    """Do the first `count` stages without the work."""
    digests = {"sources": digest_of_sources(locate(recipe.corpus, home))}
    made = {}
    for stage in STAGES[:count]:
        made[stage.name] = Store(home).build(stage.name, key_of(stage, recipe, digests), lambda _: facts_of(200))
        digests[stage.name] = made[stage.name].digest
    return made


def key_of(stage: Stage, recipe: Recipe, digests: dict[str, str]) -> str:
    return stage.key(recipe, [digests[name] for name in stage.reads or ("sources",)])


def cached(recipe: Recipe, home: Path) -> list[str]:
    steps = plan(recipe, home)
    assert [step.stage for step in steps] == NAMES
    return [step.stage for step in steps if step.cached]


@pytest.mark.parametrize("count", range(7))
def test_finished_stages_are_cached(count: int, place: Path) -> None:
    recipe = recipe_named("planned")
    made = finish(recipe, place, count)
    assert cached(recipe, place) == NAMES[:count]
    assert [step.manifest for step in plan(recipe, place)[:count]] == list(made.values())


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        pytest.param({"name": "other"}, 6, id="another name"),
        pytest.param({"registry": {"tolerance": 1}}, 6, id="a rule of the gate"),
        pytest.param({"evaluation": {"examples": 1}}, 5, id="evaluation"),
        pytest.param({"decoding": {"beam_size": 1}}, 5, id="decoding"),
        pytest.param({"training": {"learning_rate": 0.5}}, 4, id="training"),
        pytest.param({"model": {"encoder": "rnn"}}, 4, id="model"),
        pytest.param({"vocabulary": {"kind": "char"}}, 1, id="vocabulary"),
        pytest.param({"corpus": {"train": ["pairs.tsv"], "max_characters": 9}}, 0, id="cleaning"),
    ],
)
def test_a_change_reuses_what_comes_before_it(change: dict[str, object], kept: int, place: Path) -> None:
    recipe = recipe_named("planned")
    finish(recipe, place, 6)
    changed = Recipe.model_validate(recipe.model_dump() | change)
    assert cached(changed, place) == NAMES[:kept]


def test_a_training_that_was_stopped_continues(place: Path) -> None:
    recipe = recipe_named("planned")
    made = finish(recipe, place, 4)
    training = plan(recipe, place)[4]
    assert (training.stage, training.told) == ("training", "will run")
    key = key_of(STAGES[4], recipe, {name: manifest.digest for name, manifest in made.items()})
    workspace = Store(place).workspace("training", key)
    assert plan(recipe, place)[4].told == "will run"
    stopped = workspace / "step-000000460-epoch-00002"
    stopped.mkdir()
    position = {"layout": "any", "torch": "any", **asdict(TrainingState(step=460, steps=3115))}
    (stopped / "position.json").write_text(json.dumps(position), encoding="utf-8")
    assert [step.told for step in plan(recipe, place)] == [
        *["cached"] * 4,
        "continues from update 460 of 3,115",
        *["will run"] * 3,
    ]
    Store(place).discard_workspace("training", key)
    assert plan(recipe, place)[4].told == "will run"


def test_other_vectors_reuse_the_batches(place: Path) -> None:
    finish(recipe_named("planned"), place, 6)
    assert cached(recipe_named("planned", vectors={"width": 9}), place) == ["corpus", "vocabulary", "dataset"]


def test_a_byte_of_the_corpus_reruns_all_and_its_name_nothing(place: Path) -> None:
    recipe = recipe_named("planned")
    finish(recipe, place, 6)
    Path("pairs.tsv").rename("renamed.tsv")
    renamed = recipe_named("planned", corpus={"train": ["renamed.tsv"]})
    assert cached(renamed, place) == NAMES[:6]
    Path("renamed.tsv").write_bytes(Path("renamed.tsv").read_bytes().replace(b"dog 7", b"cat 7", 1))
    assert cached(renamed, place) == []


def test_a_plan_and_a_check_write_nothing(place: Path) -> None:
    steps = check_recipe_and_files(recipe_named("planned"), place, unwatched).steps
    assert steps == plan(recipe_named("planned"), place)
    assert not place.exists()


def test_learned_positions_that_cannot_hold_the_corpus_are_told_by_a_check(place: Path) -> None:
    def checked(places: int) -> None:
        model = {"encoder": "transformer", "decoder": "lstm", "positions": "learned", "max_positions": places}
        check_recipe_and_files(recipe_named("planned", model=model), place, unwatched)

    with pytest.raises(UserError, match=r"source of the train split has 5 tokens, .* raise it to 6,"):
        checked(5)
    checked(6)
    assert not place.exists()
