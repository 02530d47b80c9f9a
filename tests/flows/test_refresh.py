"""refresh: it trains the first time and when enough changed, and says why not when it does not."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.flows.command_process import Fork, command
from tests.flows.conftest import environment

ROOT = Path(__file__).parents[2]


def look(share: float) -> None:
    """Run the flow; say the state and the events that it would have sent."""
    from flows.refresh import refresh
    from tasks import refresh_decision

    events: list[Any] = []
    refresh_decision.emit_event = lambda *event, **more: events.append([*event, *more.values()])
    state = refresh("recipe.yaml", ("corpus.max_characters=50",), share, return_state=True)
    print(json.dumps([state.type.value, state.name, state.message, events]))


class Watched:
    """A corpus and its recipe, in a home of its own."""

    def __init__(self, folder: Path, prefect: dict[str, str]) -> None:
        self.folder = folder
        self.text = (folder / "phrases.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
        self.env = environment(folder) | prefect

    def write(self, lines: list[str]) -> None:
        (self.folder / "phrases.tsv").write_text("".join(lines), encoding="utf-8")

    def look(self, share: float = 0.05) -> tuple[str, str, list[Any]]:
        """The state's name and message, and the events sent."""
        done = Fork(look, share, cwd=self.folder, env=self.env).wait()
        assert done.returncode == 0, done.stderr
        kind, name, message, events = json.loads(done.stdout.splitlines()[-1])
        assert kind == "COMPLETED"
        return name, message, events

    def train(self) -> None:
        done = command("train", "recipe.yaml", "-o", "corpus.max_characters=50", cwd=self.folder, env=self.env).wait()
        assert done.returncode == 0, done.stderr


@pytest.fixture
def watched(own_place: Path, prefect: dict[str, str]) -> Watched:
    return Watched(own_place, prefect)


def test_the_first_time_then_nothing_then_little_then_enough(watched: Watched) -> None:
    name, message, [event] = watched.look()
    assert (name, message) == ("Changed", "there is no version of phrases yet")
    kind, resource, payload = event
    assert kind == "seqloom.corpus.changed"
    assert resource["prefect.resource.id"] == "seqloom.corpus.phrases"
    assert payload == {"recipe_file": "recipe.yaml", "override": ["corpus.max_characters=50"], "why": message}
    assert watched.look()[0] == "Changed", "nobody has trained, so it asks again"

    watched.train()
    name, message, events = watched.look()
    assert (name, events) == ("Unchanged", [])
    assert message == "the corpus is the one that models:/phrases/1 was trained on"

    watched.write([*watched.text, "a quite new row\teine ganz neue Zeile\n"])
    name, message, events = watched.look()
    assert (name, events) == ("Unchanged", [])
    assert message.startswith("rows since models:/phrases/1: 1 came and 0 went, 0.2% of all; that is no more than 5.0%")
    assert watched.look(share=0.0)[0] == "Changed"

    watched.write(watched.text[: int(0.9 * len(watched.text))])
    name, message, events = watched.look()
    assert (name, len(events)) == ("Changed", 1)
    assert message.startswith("rows since models:/phrases/1: 0 came and 6")
    assert message.endswith("that is more than 5.0%")


def test_the_event_is_the_one_that_the_trigger_waits_for() -> None:
    from tasks.refresh_decision import CHANGED

    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    [trigger] = [trigger for deployment in deployments for trigger in deployment.get("triggers", [])]
    assert trigger["expect"] == [CHANGED]
    assert trigger["match"] == {"prefect.resource.id": "seqloom.corpus.*"}
