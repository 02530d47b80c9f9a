"""Which versions may become an ensemble, and what is known of it: its members, their corpora, what they cost."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.digest import digest_of_folder
from seqloom.artifact.manifest import Manifest
from seqloom.corpus import SPLITS
from seqloom.decoding.ensemble_loader import write_ensemble
from seqloom.decoding.generator_loader import load_generator
from seqloom.errors import UserError
from seqloom.evaluation import row_columns
from seqloom.progress import unwatched
from seqloom.registry import ensemble_members, lineage, mlflow_runs
from seqloom.registry.checkpoint_folder import find_checkpoint
from seqloom.registry.ensemble_members import EnsemblePlan, build_ensemble, plan_ensemble
from seqloom.registry.exported_versions import export_folder
from seqloom.registry.lineage import newest_version, stages_of_version, write_lineage
from seqloom.registry.mlflow_runs import FlowRun
from seqloom.registry.mlflow_tracking import connect
from seqloom.registry.parent_version import pin_parent
from seqloom.registry.training_corpus import text_corpora, training_corpora
from seqloom.registry.versions import register_version, signature
from seqloom.reports.ensemble_summary import ensemble_privacy_rows, member_rows
from tests.registry.tiny import evaluation, recipe_named, write_checkpoint

ONE, TWO = "models:/members/1", "models:/members/2"
STAGES_OF_FIRST = ("vocabulary", "dataset")


def stage(home: Path, name: str, rows: Sequence[tuple[str, str]], key: str) -> Manifest:
    def write(folder: Path) -> dict[str, object]:
        for split in SPLITS:
            pd.DataFrame(rows, columns=["source", "target"]).to_parquet(folder / f"{split}.parquet", index=False)
        return {"rows": dict.fromkeys(SPLITS, len(rows)), "size": {"source": 9, "target": 9}}

    return Store(home).build(name, key * 64, write)


@pytest.fixture(scope="module")
def stages(home: Path, checkpoint: Path) -> list[Manifest]:
    """Three versions, of a corpus each; that of the third is not on this machine."""
    client = connect(home)
    here = [stage(home, "corpus", [("a small dog", "ein Hund")], key) for key in "ab"]
    gone = Manifest("corpus", "gone", "gone", "nowhere", 1.0, {"rows": dict.fromkeys(SPLITS, 1)})
    others = [stage(home, name, [], "c") for name in STAGES_OF_FIRST]
    recipe = recipe_named("members", registry={"backend": "torch-int8"})
    for number, corpus in enumerate([here[0], here[1], gone]):
        run = mlflow_runs.open_run(client, recipe, f"key {number}", FlowRun("flow", "flow"), corpus, home)
        mlflow_runs.log_facts(client, run, (corpus, *others))
        register_version(client, recipe, run, f"key {number}", checkpoint, evaluation())
    return here


@pytest.fixture
def plan(client: MlflowClient, stages: list[Manifest], home: Path) -> EnsemblePlan:
    assert client.search_model_versions("name = 'members'")
    assert stages
    return plan_ensemble([ONE, TWO, ONE], "both", ["decoding.beam_size=3"], home)


def test_it_is_judged_by_the_first_members_recipe_and_rows(plan: EnsemblePlan, stages: list[Manifest]) -> None:
    assert (plan.recipe.name, plan.recipe.decoding.beam_size, plan.recipe.registry.backend) == ("both", 3, "torch")
    assert plan.corpus == stages[0]
    assert [(each.stage, each.digest) for each in plan.other_corpora] == [("corpus-2", stages[1].digest)]
    assert len(set(plan.inputs)) == len(plan.inputs) - 3, "three members of one checkpoint here, and two corpora"
    assert {each.pinned for each in plan.members} <= {*plan.inputs}, "the files and the card have their names"


def test_its_recipe_says_nothing_of_the_first_members_training(
    client: MlflowClient, stages: list[Manifest], home: Path, tmp_path: Path
) -> None:
    assert stages
    training = {"start_encoder_from": "gone", "privacy_epsilon": 4.0, "privacy_delta": 1e-5, "label_smoothing": 0.0}
    (memory := tmp_path / "memory.tsv").write_text("a\tb\n")
    sections = {
        "training": training,
        "vectors": {"width": 8, "method": "none"},
        "serving": {"memory_file": str(memory)},
    }
    checkpoint, recipe = write_checkpoint(tmp_path, **sections), recipe_named("private", **sections)
    run = mlflow_runs.open_run(client, recipe, "private", FlowRun("flow", "flow"), stages[0], home)
    mlflow_runs.log_facts(client, run, (stages[0], *(stage(home, each, [], "c") for each in STAGES_OF_FIRST)))
    private = register_version(client, recipe, run, "private", checkpoint, evaluation()).uri
    plan = plan_ensemble([private, ONE], "both", [], home)
    ours = plan.recipe.training
    assert (ours.start_encoder_from, ours.privacy_epsilon, ours.privacy_delta) == ("", 0, 0)
    assert plan.recipe.pretraining.corpus == []
    assert plan.recipe.serving.memory_file == "", "the file may have changed; the members have what was read"
    assert "from_memory" in signature(plan.recipe, knowing=True).outputs.input_names()
    assert [each.privacy for each in plan.members] == [{"epsilon": 4.0, "delta": 1e-5, "parent": ""}, None]


def test_what_private_members_promise_together() -> None:
    def member(name: str, epsilon: float, parent: str = "") -> dict[str, object]:
        spent = {"epsilon": epsilon, "delta": 1e-5, "parent": parent}
        return {"model": name, "digest": name, **({"differential_privacy": spent} if epsilon else {})}

    def told(*members: dict[str, object]) -> dict[str, str]:
        return dict(ensemble_privacy_rows({"members": members}))

    assert told(member("a", 0), member("b", 0)) == {}
    both = told(member("a", 3), member("b", 1, "models:/c/1#sha256=0"), member("a", 3))
    assert both["differential privacy"].startswith("epsilon 4, delta 2e-05, the sums")
    assert both["that of a"] == "epsilon 3, delta 1e-05"
    assert both["that of b"] == "epsilon 1, delta 1e-05, not for the rows of models:/c/1"
    assert told(member("a", 3), member("d", 0))["differential privacy"] == "none of the whole, for d learned without"


def test_members_are_loaded_once(
    plan: EnsemblePlan, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Path] = []
    monkeypatch.setattr(ensemble_members, "load_together", lambda folders, _: loaded.extend(folders))
    plan_ensemble([ONE, TWO, ONE], "both", [], home)
    assert loaded == [], "the command has loaded them to see that they go together, and the flow has not again"
    load = ensemble_members.load_generator
    monkeypatch.setattr(ensemble_members, "load_generator", lambda folder: loaded.append(folder) or load(folder))
    monkeypatch.setattr(ensemble_members, "by_turns", lambda *_: [])
    build_ensemble(plan, tmp_path, unwatched)
    assert loaded == [each.checkpoint for each in plan.members]


def test_its_folder_is_a_model_that_holds_them(plan: EnsemblePlan, tmp_path: Path, home: Path) -> None:
    facts = build_ensemble(plan, tmp_path, unwatched)
    assert [each["model"] for each in facts["members"]] == [ONE, TWO, ONE]
    assert facts["parameters"] == sum(each["parameters"] for each in facts["members"])
    assert sum(float(share.rstrip("%")) for _, share, *_ in member_rows(facts)) == pytest.approx(100, abs=1)
    together, first = facts["latency"]
    assert min(together, first) > 0
    alone = load_generator(find_checkpoint(ONE, home))
    assert load_generator(tmp_path).generate(["a small dog"]) == alone.generate(["a small dog"])


def test_the_corpora_of_all_members_are_found_again(
    client: MlflowClient,
    home: Path,
    stages: list[Manifest],
    plan: EnsemblePlan,
    checkpoint: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = mlflow_runs.open_run(client, plan.recipe, "an ensemble", FlowRun("flow", "flow"), plan.corpus, home, [ONE])
    assert str(client.get_run(run).info.run_name).endswith("ensemble of 1")
    mlflow_runs.log_facts(client, run, (plan.corpus, *plan.other_corpora))
    made = register_version(client, plan.recipe, run, "an ensemble", checkpoint, evaluation())
    assert training_corpora(made.uri, home) == [each.path for each in stages]
    assert training_corpora("models:/members/3", home) == [None]
    write_lineage(client, "both", "1", {"corpus": "12", "corpus-2": "34", "members": "56", "code": "78"})
    version = client.get_model_version("both", "1")
    monkeypatch.setattr(lineage, "find_run", lambda *_: None)  # as after `mlflow gc`
    assert stages_of_version(client, version) == {"corpus": "12", "corpus-2": "34"}
    assert newest_version(client, "both") is None, "a refresh asks what the last training had learned from"


def test_what_members_and_their_ancestors_have_seen_is_kept_though_they_are_deleted(
    client: MlflowClient, home: Path, stages: list[Manifest], checkpoint: Path
) -> None:
    """A child with raw text, whose parent had raw text, too, and whose grandparent is deleted."""
    raw = [stage(home, "corpus", [("a", "b")], key) for key in "de"]
    recipe, above = recipe_named("ancestors"), "models:/ancestors/9#sha256=01"
    for number, corpus in enumerate(raw, 1):
        run = mlflow_runs.open_run(client, recipe, f"ancestor {number}", FlowRun("flow", "flow"), stages[0], home)
        mlflow_runs.log_facts(client, run, (stages[number - 1], *(stage(home, s, [], "c") for s in STAGES_OF_FIRST)))
        uri = register_version(client, recipe, run, f"ancestor {number}", checkpoint, evaluation()).uri
        write_lineage(client, "ancestors", str(number), {"parent version": above, "raw_corpus": corpus.digest})
        above = f"{uri}#sha256={digest_of_folder(find_checkpoint(uri, home))[:16]}"
    plan = plan_ensemble(["models:/ancestors/2", ONE], "both", [], home)
    kept = {each.stage: each.digest for each in plan.inherited}
    assert kept == {
        "raw_corpus": raw[1].digest,
        "parent_corpus": stages[0].digest,
        "parent_corpus-2": raw[0].digest,
        "parent_corpus-3": "unknown",
    }
    run = mlflow_runs.open_run(client, plan.recipe, "kept", FlowRun("flow", "flow"), plan.corpus, home, [ONE])
    mlflow_runs.log_facts(client, run, (plan.corpus, *plan.other_corpora, *plan.inherited))
    made = register_version(client, plan.recipe, run, "kept", checkpoint, evaluation())
    for number in "21":
        client.delete_model_version("ancestors", number)
    seen = text_corpora(made.uri, home)
    assert {*seen} == {None, *(each.path for each in (*stages, *raw))}


@pytest.mark.parametrize(
    ("models", "override", "sentence"),
    [
        ([ONE], [], "an ensemble has two members at least"),
        ([ONE, "a folder"], [], "a folder is no registered version.* such as --to ./together"),
        ([ONE, "models:/members/9"], [], "model members has no version 9"),
        ([ONE, "models:/members/3"], [], "models:/members/3: its corpus is not on this machine"),
        ([ONE, TWO], ["training.epochs=3"], "override training.epochs=3: an ensemble is not trained"),
        ([ONE, TWO], ["registry.backend=torch-int8"], "override registry.backend=torch-int8: .* PyTorch alone"),
        ([ONE, TWO], ["decoding.beam=3"], "did you mean decoding.beam"),
    ],
)
@pytest.mark.usefixtures("client", "stages")
def test_what_cannot_be_registered(models: list[str], override: list[str], sentence: str, home: Path) -> None:
    with pytest.raises(UserError, match=sentence):
        plan_ensemble(models, "both", override, home)


def test_what_an_ensemble_cannot_be(
    client: MlflowClient, home: Path, checkpoint: Path, plan: EnsemblePlan, tmp_path: Path
) -> None:
    write_ensemble([checkpoint, checkpoint], [ONE, TWO], tmp_path / "both")
    run = mlflow_runs.open_run(client, plan.recipe, "another", FlowRun("flow", "flow"), plan.corpus, home)
    uri = register_version(client, plan.recipe, run, "another", tmp_path / "both", evaluation()).uri
    with pytest.raises(UserError, match=f"{uri} is an ensemble itself: name the versions"):
        plan_ensemble([ONE, uri], "more", [], home)
    with pytest.raises(UserError, match=f"{uri} is an ensemble, which is not trained: name one of its members"):
        pin_parent(recipe_named("child", training={"start_from": uri}), home)
    with pytest.raises(UserError, match="an ensemble answers in PyTorch alone, not as torch-int8"):
        export_folder(uri, home, "torch-int8", tmp_path / "int8")
    assert not (tmp_path / "int8").exists()


def test_a_file_of_analogies_that_is_none_is_refused_before_any_work(
    plan: EnsemblePlan, home: Path, tmp_path: Path
) -> None:
    (file := tmp_path / "questions.txt").write_text(": a\na b c\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"questions.txt line 2: is not four words"):
        plan_ensemble([ONE, TWO], plan.recipe.name, [f"evaluation.analogy_file={file}"], home)


def test_a_column_that_the_test_rows_lack_is_refused_before_any_work(
    plan: EnsemblePlan, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pairs.tsv").write_text("source\ttarget\tproduct\na\tb\tc\n" * 2, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(row_columns, "_is_of", lambda *_: True)
    assert plan_ensemble([ONE, TWO], "both", ["evaluation.slice_by=[product]"], home).members == plan.members[:2]
    with pytest.raises(UserError, match=r"pairs.tsv.*produkt.*evaluation.slice_by"):
        plan_ensemble([ONE, TWO], "both", ["evaluation.slice_by=[produkt]"], home)
