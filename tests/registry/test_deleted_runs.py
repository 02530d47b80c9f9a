"""A version whose MLflow run was deleted, or removed by `mlflow gc`: it answers, and says what it still knows."""

from collections.abc import Callable
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from seqloom.artifact.eviction import StageFolder
from seqloom.artifact.manifest import Manifest
from seqloom.errors import UserError
from seqloom.registry.garbage_collection import Need
from seqloom.registry.gate import Verdict
from seqloom.registry.gate_finding import Finding
from seqloom.registry.gate_runner import keep_evidence
from seqloom.registry.lineage import OLD_LINEAGE, newest_version, stages_of_version
from seqloom.registry.mlflow_runs import FlowRun, find_finished, find_run, is_open, open_run, takes_more
from seqloom.registry.model_card import read_card
from seqloom.registry.model_uri import fetch
from seqloom.registry.ui_links import run_url
from seqloom.reports.corpus_drift import DriftLimits
from tasks.refresh_decision import decide
from tests.registry.test_versions import registered
from tests.registry.tiny import corpus, recipe_named

Deleted = Callable[[str], ModelVersion]
DIGEST = "0123456789abcdef"  # how the corpus's begins


@pytest.fixture
def deleted(client: MlflowClient, home: Path, checkpoint: Path) -> Deleted:
    """The version of a name whose run was removed for good, and had a card."""

    def make(name: str) -> ModelVersion:
        version = registered(client, home, checkpoint, name, "key")
        client.set_model_version_tag(name, "1", f"{OLD_LINEAGE}corpus", DIGEST)
        client.update_model_version(name, "1", f"# {name}, version 1")
        client.delete_run(version.run_id)
        client._tracking_client.store._hard_delete_run(version.run_id)  # what `mlflow gc` does
        found = newest_version(client, name)
        assert found is not None
        return found

    return make


def test_it_answers_and_tells_its_card(deleted: Deleted, home: Path) -> None:
    version = deleted("removed")
    assert fetch(version).is_dir()
    card = read_card("models:/removed/1", home)
    assert "# removed, version 1" in card.text
    assert card.lineage == {"corpus": DIGEST}


def test_nothing_is_written_to_its_run(
    deleted: Deleted, client: MlflowClient, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = str(deleted("silent").run_id)
    assert find_run(client, run_id) is None
    assert not is_open(client, run_id)
    assert not takes_more(client, run_id)
    keep_evidence(client, Verdict("silent", 1, None, [Finding("a rule")]), run_id)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    assert run_url(client, run_id, home) == ""


def test_a_run_that_is_only_deleted_can_be_read(client: MlflowClient, home: Path, checkpoint: Path) -> None:
    version = registered(client, home, checkpoint, "only-deleted", "key")
    client.update_run(version.run_id, status="RUNNING")
    assert takes_more(client, version.run_id)
    assert is_open(client, version.run_id)
    client.delete_run(version.run_id)
    assert find_run(client, version.run_id) is not None
    assert not takes_more(client, version.run_id)
    assert not is_open(client, version.run_id)


def test_a_clean_up_keeps_what_the_version_names(deleted: Deleted, client: MlflowClient) -> None:
    named = stages_of_version(client, deleted("tidy"))
    assert named == {"corpus": DIGEST}
    need = Need(frozenset(named.values()), frozenset())
    for digest, covered in ((DIGEST + 48 * "0", True), (48 * "0" + DIGEST, False)):
        made = Manifest("corpus", "key", digest, "nowhere", 1.0, {})
        assert need.covers(StageFolder(Path("corpus/key"), "finished", 0.0, 0, made)) is covered


def test_without_a_card_nobody_knows_what_it_was_made_from(deleted: Deleted, client: MlflowClient) -> None:
    deleted("cardless")
    client.delete_model_version_tag("cardless", "1", f"{OLD_LINEAGE}corpus")
    with pytest.raises(UserError, match="nobody can say what models:/cardless/1 was made from"):
        stages_of_version(client, client.get_model_version("cardless", "1"))
    client.delete_model_version("cardless", "1")


def test_a_refresh_compares_with_the_corpus_that_the_version_names(
    deleted: Deleted, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted("refreshed")
    monkeypatch.setenv("SEQLOOM_HOME", str(home))
    same, other = (Manifest("corpus", "key", digest, "nowhere", 1.0, {}) for digest in (DIGEST * 4, "f" * 64))
    decision = decide.fn(recipe_named("refreshed"), same, 0.05, DriftLimits(), stops=False)
    assert (decision.train, decision.why) == (False, "the corpus is the one that models:/refreshed/1 was trained on")
    decision = decide.fn(recipe_named("refreshed"), other, 0.05, DriftLimits(), stops=False)
    assert decision.train
    assert "nobody can tell what changed" in decision.why


@pytest.mark.parametrize("for_good", [False, True])
def test_a_comparison_takes_another_run(for_good: bool, client: MlflowClient, home: Path, checkpoint: Path) -> None:
    """Of exactly this training, which the store still has: the run of the version takes no figures any more."""
    name = f"compared-{for_good}"
    version = registered(client, home, checkpoint, name, "key")
    client.set_terminated(version.run_id, "FINISHED")
    recipe = recipe_named(name)
    assert find_finished(client, recipe, "key") == version.run_id
    client.delete_run(version.run_id)
    if for_good:
        client._tracking_client.store._hard_delete_run(version.run_id)
    assert find_finished(client, recipe, "key") == ""
    run_id = open_run(client, recipe, "key", FlowRun("flow", "flow"), corpus(), home)
    assert run_id != version.run_id
    assert takes_more(client, run_id)


def test_names_that_differ_in_case_are_two_models(client: MlflowClient, home: Path, checkpoint: Path) -> None:
    small, large = (registered(client, home, checkpoint, name, "key") for name in ("a-case", "A-Case"))
    client.set_registered_model_alias("A-Case", "champion", "1")
    assert (small.number, large.number) == (1, 1)
    assert client.get_registered_model("a-case").aliases == {"challenger": 1}
    assert newest_version(client, "a-case").run_id == small.run_id != large.run_id  # type: ignore[union-attr]
