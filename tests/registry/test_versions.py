"""Registered versions: one for each thing made, the first of them champion, and found again under every name."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from seqloom.errors import UserError
from seqloom.recipe.applications import TRANSLATION
from seqloom.registry.checkpoint_folder import MODEL_URI, find_checkpoint
from seqloom.registry.mlflow_runs import FlowRun, open_run
from seqloom.registry.registered_version import Version
from seqloom.registry.versions import champion_scores, describe, find_by_key, register_version
from tests.registry.tiny import METRICS, corpus, evaluation, recipe_named


def registered(client: MlflowClient, home: Path, checkpoint: Path, name: str, key: str, **registry: str) -> Version:
    recipe = recipe_named(name, registry=registry)
    run_id = open_run(client, recipe, key, FlowRun("flow", "flow"), corpus(), home)
    return register_version(client, recipe, run_id, key, checkpoint, evaluation())


@pytest.fixture(scope="module")
def both(home: Path, checkpoint: Path) -> tuple[Version, Version]:
    from seqloom.registry.mlflow_tracking import connect

    client = connect(home)
    registered(client, home, checkpoint, "two-versions", "one", description="Says little.")
    client.set_registered_model_alias("two-versions", "champion", "1")
    second = registered(client, home, checkpoint, "two-versions", "two")
    return describe(client, "two-versions", "1"), second


def test_the_last_one_made_is_the_challenger(client: MlflowClient, both: tuple[Version, Version]) -> None:
    first, second = both
    assert (first.number, first.aliases, first.uri) == (1, ("champion",), "models:/two-versions/1")
    assert (second.number, second.aliases) == (2, ("challenger",))
    assert first.run_id != second.run_id
    assert champion_scores(client, "two-versions", TRANSLATION) == {"version": 1, "bleu": 12.5, "chrf": 34.25}
    assert client.get_registered_model("two-versions").description == "Says little."


def test_a_version_is_found_by_what_made_it(
    client: MlflowClient, home: Path, checkpoint: Path, both: tuple[Version, Version]
) -> None:
    assert find_by_key(client, "two-versions", "one") == both[0]
    assert find_by_key(client, "two-versions", "two") == both[1]
    assert find_by_key(client, "two-versions", "three") is None
    assert find_by_key(client, "another-name", "one") is None
    assert registered(client, home, checkpoint, "two-versions", "one") == both[0]
    assert len(client.search_model_versions("name = 'two-versions'")) == 2


@pytest.mark.usefixtures("both")
def test_a_champion_of_someone_elses_making_has_no_scores(client: MlflowClient, tmp_path: Path) -> None:
    client.create_registered_model("foreign")
    assert champion_scores(client, "foreign", TRANSLATION) is None
    client.create_model_version("foreign", tmp_path.as_uri())
    client.set_registered_model_alias("foreign", "champion", "1")
    assert champion_scores(client, "foreign", TRANSLATION) is None


def test_without_a_champion_it_is_told_what_can_be_asked(client: MlflowClient, home: Path, tmp_path: Path) -> None:
    client.create_registered_model("unchosen")
    client.create_model_version("unchosen", tmp_path.as_uri())
    with pytest.raises(UserError, match=r"no alias champion; .*: ask models:/unchosen/1, and see why .* history un"):
        find_checkpoint("models:/unchosen@champion", home)


@pytest.mark.parametrize("model", ["@champion", "@latest", "/1", "/2"])
@pytest.mark.usefixtures("both", "client")
def test_every_name_of_a_version_leads_to_its_checkpoint(model: str, home: Path, checkpoint: Path) -> None:
    found = find_checkpoint(f"models:/two-versions{model}", home)
    assert {file.name for file in found.iterdir()} == {file.name for file in checkpoint.iterdir()}
    assert (found / "weights.safetensors").read_bytes() == (checkpoint / "weights.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (
            "models:/two-versions@best",
            "model two-versions has no alias best; it has versions 1, 2 and aliases challenger .version 2., champion",
        ),
        (
            "models:/two-versions/3",
            "model two-versions has no version 3; it has versions 1, 2 and aliases challenger .version 2., champion",
        ),
        ("models:/two-versoins@champion", "no registered model two-versoins; registered are: .*two-versions"),
        ("models:/two-versions/99999999999999999999", "has no version 99999999999999999999"),
    ],
)
@pytest.mark.usefixtures("both", "client")
def test_a_name_that_leads_nowhere_says_what_there_is(model: str, sentence: str, home: Path) -> None:
    with pytest.raises(UserError, match=sentence) as caught:
        find_checkpoint(model, home)
    assert "\n" not in str(caught.value)


@pytest.mark.usefixtures("client")
def test_a_version_of_someone_elses_making_is_refused(client: MlflowClient, home: Path, tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text("flavors: {python_function: {loader_module: x}}\n", encoding="utf-8")
    client.create_registered_model("not-ours")
    client.create_model_version("not-ours", tmp_path.as_uri())
    with pytest.raises(UserError, match="models:/not-ours/1 was not made by Seqloom"):
        find_checkpoint("models:/not-ours/1", home)


def test_a_folder_is_its_own_checkpoint(checkpoint: Path, tmp_path: Path) -> None:
    assert find_checkpoint(str(checkpoint), tmp_path) == checkpoint


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("gone", "gone: no such .*folder"),
        ("models:/a@b", "there is no registry at"),
        ("models:/a", "is not a model; write"),
        ("models:", "is not a model; write"),
    ],
)
def test_without_a_registry(model: str, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        find_checkpoint(model, tmp_path / "empty")
    assert not (tmp_path / "empty").exists()


@pytest.mark.parametrize(
    ("uri", "parts"),
    [
        ("models:/a@b", ("a", "b", None)),
        ("models:/a/12", ("a", None, "12")),
        ("models:/a b.ü@c-d", ("a b.ü", "c-d", None)),
        ("models:/a", None),
        ("models:/a/", None),
        ("models:/a@", None),
        ("models:/@b", None),
        ("models:/a/1@b", None),
        ("models:/a@b/1", None),
        ("models:/a/one", None),
        ("models:/a/-1", None),
        ("models://a/1", None),
        ("models:/a/1\n", None),
        ("runs:/a/1", None),
    ],
)
def test_what_is_a_model_uri(uri: str, parts: tuple[str | None, ...] | None) -> None:
    found = MODEL_URI.fullmatch(uri)
    assert (found and found.group("name", "alias", "version")) == parts


@pytest.mark.usefixtures("both")
def test_a_version_is_tagged_with_what_it_is_judged_by_alone(client: MlflowClient) -> None:
    tags = client.get_model_version("two-versions", "1").tags
    assert METRICS.keys() & tags.keys() == {"test/bleu", "test/chrf"}


def test_a_registry_that_fails_is_no_registry_that_has_the_name(
    client: MlflowClient, checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(*_: object, **__: object) -> None:
        raise MlflowException("database is locked")

    monkeypatch.setattr(client, "create_registered_model", locked)
    with pytest.raises(MlflowException, match="locked"):
        register_version(client, recipe_named("locked"), "run", "key", checkpoint, evaluation())
