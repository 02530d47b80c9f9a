"""Drift as a command and as a flow: on the log of a version that was trained here, with an event where it moved."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from mlflow import MlflowClient

from seqloom.artifact.home_folder import database_file
from tests.flows.command_process import Fork
from tests.flows.conftest import Run, environment

ROOT = Path(__file__).parents[2]
MODEL = "models:/phrases@champion"
SHORT = [f"{one} {two}" for one in "abcdefghijk" for two in "lmnopqrstuv"]  # 121 texts like none of the corpus


def write_log(file: Path, texts: list[str]) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    rows = [{"time": now, "version": 1, "source": text, "prediction": "x"} for text in texts]
    file.write_text("".join(f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows), encoding="utf-8")


@pytest.fixture(scope="module")
def logs(workplace: Path) -> Path:
    """A folder with a log of texts of the corpus, of others, and of few."""
    folder = workplace / "logs"
    folder.mkdir()
    known = [line.split("\t")[0] for line in (workplace / "phrases.tsv").read_text(encoding="utf-8").splitlines()]
    for name, texts in (("known", known[1:200]), ("strange", SHORT), ("few", known[1:9])):
        write_log(folder / f"{name}.jsonl", texts)
    return folder


@pytest.mark.usefixtures("first")
def test_a_command_says_what_moved(seqloom: Run, logs: Path) -> None:
    done = seqloom("drift", "models:/phrases/1", "--log", str(logs / "strange.jsonl"), "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [each["name"] for each in found["scores"]] == ["lengths", "words", "confidence"]
    assert {"lengths", "words"} <= set(found["moved"])
    assert "unlike what models:/phrases/1 has learned from: lengths" in done.stderr


@pytest.mark.usefixtures("first")
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("models:/phrases/1", "--log", "none"), "none: has no request log"),
        (("models:/phrases/7", "--log", "logs"), "model phrases has no version 7"),
        ((".", "--log", "logs"), ". is not a registered version, whose corpus is known"),
    ],
)
def test_mistakes_are_one_sentence(arguments: tuple[str, ...], sentence: str, seqloom: Run) -> None:
    done = seqloom("drift", *arguments)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def look(*logs: str) -> None:
    """Run the flow on each log; print the states, and the events that it would have sent."""
    from flows.drift import drift
    from tasks import request_drift_task

    events: list[Any] = []
    request_drift_task.emit_event = lambda *event, **more: events.append([*event, *more.values()])
    states = [drift("models:/phrases/1", log, 50, return_state=True) for log in logs]
    print(json.dumps([[(state.name, state.message) for state in states], events]))


@pytest.mark.usefixtures("first")
def test_a_flow_leaves_metrics_and_an_event(workplace: Path, prefect: dict[str, str], logs: Path) -> None:
    files = [str(logs / f"{name}.jsonl") for name in ("few", "known", "strange")]
    done = Fork(look, *files, cwd=workplace, env=environment(workplace) | prefect).wait()
    assert done.returncode == 0, done.stderr
    [few, known, strange], [event] = json.loads(done.stdout.splitlines()[-1])
    assert few == ["Steady", "8 different texts of the last 7 days: serving.drift_rows wants 100 to compare"]
    assert known[0] == "Steady"
    assert known[1].endswith("like what models:/phrases/1 has learned from")
    assert strange[0] == "Drifted"
    kind, resource, payload = event
    assert kind == "seqloom.requests.drifted"
    assert resource["prefect.resource.id"] == "seqloom.model.phrases"
    assert payload["why"] == strange[1]

    client = MlflowClient(f"sqlite:///{database_file(workplace / '.seqloom')}")
    run_id = client.get_model_version("phrases", "1").run_id
    texts = client.get_metric_history(run_id, "drift/texts")
    assert [(point.step, point.value) for point in texts] == [(0, 199), (1, 121)]
    assert [point.value > 0.25 for point in client.get_metric_history(run_id, "drift/words")] == [False, True]


def test_the_automation_of_the_docs_waits_for_the_event() -> None:
    from prefect.events.schemas.automations import AutomationCore, EventTrigger

    from tasks.request_drift_task import DRIFTED

    page = (ROOT / "docs" / "feedback.md").read_text(encoding="utf-8")
    [written] = [block for block in page.split("```yaml\n")[1:] if block.startswith("name:")]
    automation = AutomationCore.model_validate(yaml.safe_load(written.partition("```")[0]))
    assert isinstance(automation.trigger, EventTrigger)
    assert automation.trigger.expect == {DRIFTED}
    assert automation.trigger.match.root == {"prefect.resource.id": "seqloom.model.*"}
