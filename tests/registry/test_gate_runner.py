"""The gate at work on a real registry: who is asked what, what is kept, and when the champion moves."""

import json
import re
import shutil
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import mlflow
import pandas as pd
import pytest
from mlflow import MlflowClient
from mlflow.tracking._tracking_service import utils

from seqloom.errors import UserError
from seqloom.evaluation.applications.evaluator import EvalSet
from seqloom.progress import unwatched
from seqloom.recipe.metric import Metric
from seqloom.recipe.schema import Recipe
from seqloom.registry import gate_runner, head_to_head, latency_benchmark, learned_rows
from seqloom.registry.best_champion import best_champion, mark_best
from seqloom.registry.gate import Verdict
from seqloom.registry.gate_runner import GateDecision, is_settled, judge_version, keep_evidence, settle, still_holds
from seqloom.registry.latency_benchmark import Measured, measure
from seqloom.registry.latency_measurement import by_turns
from seqloom.registry.mlflow_runs import FlowRun, open_run
from seqloom.registry.mlflow_tracking import connect
from seqloom.registry.model_history import history
from seqloom.registry.promotion import moves_of, moving_champion, promote, rollback
from seqloom.registry.registered_version import VERDICT_KEY_TAG, Version
from seqloom.registry.seal import CHECKPOINT
from seqloom.registry.smoke_test import Smoke, smoke_test
from seqloom.registry.versions import aliases_of, describe, register_version
from tests.decoding.test_language_model import checkpoint
from tests.registry.tiny import corpus, evaluation, manifest, recipe_named

ROWS = 40
SOURCES = [f"a small dog number {n}" for n in range(ROWS)]
REFERENCES = [f"ein kleiner Hund mit der Nummer {n}" for n in range(ROWS)]
MEASURED = manifest("evaluation", metrics={"baseline/nearest/chrf": 20.0, "baseline/copy/chrf": 10.0})
YES = GateDecision(True)
MEASURE = Metric("chrf", "chrF")
WRONG = {1: 3, 2: 10, 3: 1}  # of so many answers one is right: by version


@dataclass
class Place:
    client: MlflowClient
    home: Path
    recipe: Recipe
    corpus: Path

    def version(self, key: str, checkpoint: Path) -> Version:
        run_id = open_run(self.client, self.recipe, key, FlowRun("flow", "flow"), corpus(), self.home)
        return register_version(self.client, self.recipe, run_id, key, checkpoint, evaluation())

    def judged(self, number: int) -> Verdict:
        version = describe(self.client, self.recipe.name, str(number))
        rules = self.client, self.recipe, self.corpus, MEASURED, version, f"key {number}"
        return judge_version(*rules, self.home, unwatched)

    def settled(self, number: int, decision: GateDecision = YES) -> str:
        return settle(self.client, self.judged(number), decision, "flow run x", self.home).verdict


def answers_of(uri: str, sources: list[str], *_: object) -> Measured:
    """Version 2 is worse than 1, and 3 is always right; 0 is one that cannot be loaded."""
    every = WRONG[int(uri.rpartition("/")[2])]
    if not every:
        raise ImportError("no module named then")
    right = [REFERENCES[row] if row % every == 0 else "etwas ganz anderes" for row in range(len(sources))]
    return Measured({"prediction": right}, len)


@pytest.fixture(scope="module")
def registries(checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Homes in which the model has two versions, and three: each takes seconds to register, and none to copy."""
    homes = {number: tmp_path_factory.mktemp("registry") / f"of {number}" for number in (2, 3)}
    begun = Place(connect(homes[2]), homes[2], recipe_named("judged"), homes[2])
    for key in ("one", "two"):
        begun.version(key, checkpoint)
    shutil.copytree(homes[2], homes[3])
    Place(connect(homes[3]), homes[3], begun.recipe, homes[3]).version("three", checkpoint)
    return homes


@pytest.fixture
def place(
    registries: dict[int, Path],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Place:
    monkeypatch.chdir(tmp_path)  # where MLflow would leave its mlruns
    # MLflow remembers by a run's id alone where its files lie: in the copy of the test before.
    monkeypatch.setattr(utils, "_artifact_repos_cache", OrderedDict())
    monkeypatch.setattr(head_to_head, "measure", answers_of)
    monkeypatch.setattr(gate_runner, "smoke_test", lambda *_: Smoke(True, "'a' → 'b'"))
    rows = {"source": SOURCES, "target": REFERENCES, "origin": "pairs.tsv", "line": 1}
    pd.DataFrame(rows).to_parquet(tmp_path / "test.parquet")
    home = shutil.copytree(registries[3 if "three" in request.node.name else 2], tmp_path / "a home ü")
    return Place(connect(home), home, recipe_named("judged"), tmp_path)


def test_good_worse_better_of_three(place: Place) -> None:
    name = place.recipe.name
    assert [place.settled(number) for number in (1, 2, 3)] == ["champion", "refused", "champion"]
    assert aliases_of(place.client, name) == {"champion": 3, "previous": 1}
    worse = place.client.get_model_version(name, "2").tags
    assert worse["seqloom.verdict"] == "refused"
    assert re.match(r"chrF [0-9.]+ is [0-9.]+ below the champion's [0-9.]+ \(95 %: ", worse["seqloom.verdict.why"])
    assert worse["seqloom.verdict.champion"] == "1"
    rollback(place.client, name, "answers are rude", place.home)
    assert place.settled(3) == "refused"
    why = place.client.get_model_version(name, "3").tags["seqloom.verdict.why"]
    assert why.startswith("it was rolled back by hand (")
    story = [(event.version, event.what, event.instead_of) for event in history(place.client, name)]
    assert sorted(story, key=str) == sorted(
        [
            *((number, "registered", None) for number in (1, 2, 3)),
            (1, "champion", None),
            (2, "refused", 1),
            (3, "champion", 1),
            (1, "champion", 3),
            (3, "refused", 1),
        ],
        key=str,
    )


@pytest.mark.parametrize(("learned", "rows"), [(12, ROWS - 12), (ROWS - 1, ROWS)])
def test_rows_that_the_champion_learned_are_left_out(
    place: Place, learned: int, rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be an advantage of the champion; the score beside the baselines is of all rows, as theirs is."""
    texts = [text.upper() for text in SOURCES[:learned]]
    pd.DataFrame({"source": texts, "target": texts}).to_parquet(place.home / "train.parquet")
    assert place.settled(1) == "champion"
    monkeypatch.setattr(learned_rows, "training_corpora", lambda *_: [place.home, None])
    found = place.judged(2)
    assert found.rows == rows
    told = " ".join(finding.told for finding in found.findings if "learned" in finding.rule)
    assert f"{learned} of {ROWS} test rows stand in the training text of the champion" in told
    assert "is not on this machine" in told
    assert (rows < ROWS) == ("leaves them out" in told) == (not found.warnings)
    against, baseline = (
        next(each for each in found.findings if part in each.rule)
        for part in ("above the champion", "above the nearest")
    )
    assert (against.challenger == baseline.challenger) == (rows == ROWS)


def test_the_verdict_lies_with_the_run(place: Place) -> None:
    verdict = place.judged(1)
    run_id = describe(place.client, place.recipe.name, "1").run_id
    keep_evidence(place.client, verdict, run_id)
    text = {
        ending: mlflow.artifacts.load_text(f"runs:/{run_id}/gate/{ending}")
        for ending in ("evidence.md", "evidence.html", "verdict.json")
    }
    assert text["evidence.md"].startswith(f"# {place.recipe.name}, version 1: holds every rule")
    assert "<table>" in text["evidence.html"]
    told = json.loads(text["verdict.json"])
    assert (told["passed"], told["champion"], told["rows"]) == (True, None, ROWS)


@pytest.mark.parametrize(
    ("decision", "verdict", "aliases"),
    [
        (GateDecision(None), "waiting", {"challenger": 2}),
        (GateDecision(False, "Ann", "not on a Friday"), "declined", {"challenger": 2}),
        (GateDecision(True, "Ann", "go"), "champion", {"champion": 1, "challenger": 2}),
    ],
)
def test_a_person_decides(place: Place, decision: GateDecision, verdict: str, aliases: dict[str, int]) -> None:
    assert place.settled(1, decision) == verdict
    assert aliases_of(place.client, place.recipe.name) == aliases
    tags = place.client.get_model_version(place.recipe.name, "1").tags
    assert tags[VERDICT_KEY_TAG] == "key 1"
    assert [is_settled(place.client, place.recipe.name, 1, key) for key in ("key 1", "other rules")] == [True, False]
    assert not decision.by or decision.reason in tags["seqloom.verdict.why"]
    assert not decision.by or "Ann" in tags["seqloom.verdict.why"]
    [told] = [event for event in history(place.client, place.recipe.name) if event.what == verdict]
    assert told.why == tags["seqloom.verdict.why"] if verdict != "champion" else decision.reason in told.why


def test_a_champion_by_hand_is_left_in_its_place(place: Place) -> None:
    promote(place.client, place.recipe.name, 1, "I know it", place.home)
    assert place.settled(1) == "champion"
    assert len(moves_of(place.client, place.recipe.name)) == 1


def test_what_fails_after_the_move_moves_it_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert place.settled(1) == "champion"
    monkeypatch.setitem(WRONG, 2, 1)
    monkeypatch.setattr(gate_runner, "_write_outcome", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        place.settled(2)
    assert aliases_of(place.client, place.recipe.name) == {"champion": 1, "challenger": 2}
    assert len(moves_of(place.client, place.recipe.name)) == 1


def test_a_champion_that_moved_while_it_was_measured(place: Place) -> None:
    verdict = place.judged(1)
    promote(place.client, place.recipe.name, 2, "by hand", place.home)
    with pytest.raises(UserError, match="is version 2 and no longer None"):
        settle(place.client, verdict, GateDecision(True), "flow run x", place.home)


NOT_WORSE = {"policy": "not-worse", "slice_tolerance": 100.0, "beat_baselines": False}


def texts_with(wrong: int, rows: int) -> list[str]:
    return ["etwas ganz anderes" if row < wrong else REFERENCES[row] for row in range(rows)]


def test_quality_does_not_sink_step_by_step_over_three_versions(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each version is worse than the one before by less than the tolerance, and the third by more than the first."""
    monkeypatch.setattr(place, "recipe", recipe_named(place.recipe.name, registry={**NOT_WORSE, "tolerance": 3.0}))
    wrong = {1: 0, 2: 1, 3: 2}
    asked = []

    def answers(uri: str, sources: list[str], *_: object) -> Measured:
        asked.append(int(uri.rpartition("/")[2]))
        return Measured({"prediction": texts_with(wrong[asked[-1]], len(sources))}, len)

    monkeypatch.setattr(head_to_head, "measure", answers)
    name = place.recipe.name
    assert [place.settled(number) for number in (1, 2, 3)] == ["champion", "champion", "refused"]
    assert asked == [1, 2, 1, 3, 2, 1]  # the best champion so far is asked today's rows, too
    why = place.client.get_model_version(name, "3").tags["seqloom.verdict.why"]
    assert re.match(r"chrF [0-9.]+ is [0-9.]+ below the [0-9.]+ of version 1, the best champion so far \(95 %: ", why)
    assert why.endswith("; 3 at most is allowed")
    assert best_champion(place.client, name, MEASURE) == 1
    promote(place.client, name, 3, "a person may", place.home)
    assert best_champion(place.client, name, MEASURE) == 3


def test_the_best_champion_of_three_versions_is_known_before_there_was_a_mark(place: Place) -> None:
    name = place.recipe.name
    for number, figure in ((1, "34.0"), (2, "36.0"), (3, "35.0")):
        place.client.set_model_version_tag(name, str(number), "test/chrf", figure)
        before = aliases_of(place.client, name).get("champion")
        with moving_champion(place.client, name, before, number, "flow run x", "better", place.home):
            pass
    assert best_champion(place.client, name, MEASURE) == 2
    mark_best(place.client, name, 1, "chrf")
    assert best_champion(place.client, name, MEASURE) == 1
    rollback(place.client, name, "rude", place.home)
    assert best_champion(place.client, name, MEASURE) == 2  # whom a person chose, and nobody since


def test_a_best_champion_that_does_not_answer_is_told_and_stops_nobody_of_three(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(place, "recipe", recipe_named(place.recipe.name, registry={**NOT_WORSE, "tolerance": 99.0}))
    monkeypatch.setitem(WRONG, 1, 1)
    assert [place.settled(number) for number in (1, 2)] == ["champion", "champion"]
    monkeypatch.setitem(WRONG, 1, 0)
    monkeypatch.setitem(WRONG, 3, 4)
    found = place.judged(3)
    told = next(finding for finding in found.findings if "best champion so far" in finding.rule)
    assert (told.passed, told.rule) == (None, "the best champion so far, version 1, answers")
    assert settle(place.client, found, YES, "flow run x", place.home).verdict == "champion"


def test_a_number_that_mlflow_gave_again_is_another_version(place: Place, checkpoint: Path) -> None:
    verdict = place.judged(1)
    place.client.delete_registered_model(place.recipe.name)
    assert place.version("another", checkpoint).number == 1
    with pytest.raises(UserError, match="was deleted after it was judged"):
        still_holds(place.client, verdict)


@pytest.mark.parametrize("whole", [False, True], ids=["the version", "the model"])
def test_a_version_that_was_deleted_while_a_person_thought(place: Place, whole: bool) -> None:
    verdict = place.judged(2)
    assert still_holds(place.client, verdict)
    if whole:
        place.client.delete_registered_model(place.recipe.name)
    else:
        place.client.delete_model_version(place.recipe.name, "2")
    with pytest.raises(UserError, match=r"version 2 of .* was deleted after it was judged.*run the recipe again"):
        still_holds(place.client, verdict)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda m: m.setitem(WRONG, 1, 0), id="a champion that does not load"),
        pytest.param(
            lambda m: m.setattr(gate_runner, "smoke_test", lambda *_: Smoke(False, "ImportError")),
            id="one that is dead",
        ),
    ],
)
def test_where_one_cannot_be_asked_nothing_moves(
    place: Place, spoil: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert place.settled(1) == "champion"
    spoil(monkeypatch)
    monkeypatch.setitem(WRONG, 2, 1)
    assert place.settled(2) == "refused"
    assert aliases_of(place.client, place.recipe.name)["champion"] == 1


def test_a_version_is_measured_as_others_ask_it(place: Place) -> None:
    uri = f"models:/{place.recipe.name}/1"
    decoding = place.recipe.decoding.model_copy(update={"beam_size": 2, "max_length": 4})
    found = measure(uri, SOURCES, decoding, "cpu", unwatched)
    params = decoding.model_dump()
    asked = mlflow.pyfunc.load_model(uri).predict(pd.DataFrame({"source": SOURCES}), params=params)
    assert found.replies["prediction"] == asked["prediction"].tolist()
    [latency] = by_turns([found.answer], SOURCES)
    assert 0 < latency.low <= latency.p95 <= latency.high < 10_000


def test_what_is_drawn_does_not_depend_on_how_many_rows_are_asked_at_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri, texts = f"models:/{place.recipe.name}/1", SOURCES[:1] * 5
    decoding = place.recipe.decoding.model_copy(update={"method": "sample", "seed": 5})
    whole = measure(uri, texts, decoding, "cpu", unwatched).replies["prediction"]
    monkeypatch.setattr(latency_benchmark, "ROWS_AT_ONCE", 2)
    assert measure(uri, texts, decoding, "cpu", unwatched).replies["prediction"] == whole
    assert len(set(whole)) > 1


def test_smoke(place: Place) -> None:
    """A fresh process without Seqloom: a whole version answers, a broken one says in a line why not."""
    uri = f"models:/{place.recipe.name}/1"
    assert smoke_test(place.client.tracking_uri, uri).passed
    stored = Path(mlflow.artifacts.download_artifacts(uri))
    weights = next(stored.rglob("weights.safetensors"))
    whole = weights.read_bytes()
    weights.write_bytes(whole[:-1])
    try:
        broken = smoke_test(place.client.tracking_uri, uri)
    finally:
        weights.write_bytes(whole)
    assert not broken.passed
    assert "weights.safetensors is not the file that was registered" in broken.told
    assert "\n" not in broken.told


def test_a_version_that_does_not_answer_is_asked_nothing_more(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The gate ends there: what does not load would fail in every rule, each time after minutes."""
    monkeypatch.setattr(gate_runner, "smoke_test", lambda *_: Smoke(False, "ImportError: no module named then"))
    monkeypatch.setattr(head_to_head, "measure", lambda *_: pytest.fail("asked all the same"))
    promote(place.client, place.recipe.name, 1, "by hand", place.home)
    verdict = place.judged(2)
    [finding] = verdict.findings
    assert (finding.passed, finding.challenger) == (False, "ImportError: no module named then")
    assert (verdict.passed, verdict.champion, verdict.key) == (False, 1, "key 2")


def test_a_version_from_before_spelling_was_charged_is_charged_in_the_gate(tmp_path: Path) -> None:
    checkpoint(tmp_path / CHECKPOINT)
    texts = ["the cat sat", "the strawberry sat"]
    test = EvalSet(texts, texts)
    bare = {"prediction": ["", ""], "log_probability": [-3.0, -4.0]}
    known, unknown = head_to_head._spelt(bare, tmp_path, test)["log_probability"]
    assert known == -3.0
    assert unknown < -14.0
    whole = {**bare, "spelling": [0.0, -10.0]}
    assert head_to_head._spelt(whole, tmp_path, test) is whole


def test_the_champions_recipe_says_which_rows_are_old(place: Place) -> None:
    table = pd.read_parquet(place.corpus / "test.parquet")
    names = ["main"] * 25 + ["corrections"] * 10 + [""] * 5  # the last of a file for all
    table.assign(source_name=names).to_parquet(place.corpus / "test.parquet")
    place.settled(1)
    [old] = [finding for finding in place.judged(2).findings if "old rows" in finding.rule]
    assert old.rule.startswith("chrF of old rows (30 rows) ")
    assert old.passed is False
