"""refresh: it trains the first time and when enough changed, and says why not when it does not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.flows.conftest import environment

ROOT = Path(__file__).parents[2]
LOOK = """
import json, sys
from flows.embedded_prefect import use_embedded_prefect
from pathlib import Path
server = use_embedded_prefect(Path(sys.argv[1]))
server.wait()
from tasks import refreshing
events = []
refreshing.emit_event = lambda event, resource, payload: events.append([event, resource, payload])
from flows.refresh import refresh
state = refresh("recipe.yaml", ("corpus.max_characters=50",), float(sys.argv[2]), return_state=True)
print(json.dumps([state.type.value, state.name, state.message, events]))
"""


class Watched:
    """A corpus and its recipe, in a home of its own."""

    def __init__(self, folder: Path, workplace: Path) -> None:
        self.folder = folder
        self.text = (workplace / "phrases.tsv").read_text(encoding="utf-8").splitlines(keepends=True)
        self.env = {**environment(folder), "PREFECT_HOME": str(workplace / ".seqloom" / "prefect")}
        (folder / "recipe.yaml").write_bytes((workplace / "recipe.yaml").read_bytes())
        self.write(self.text)

    def write(self, lines: list[str]) -> None:
        (self.folder / "phrases.tsv").write_text("".join(lines), encoding="utf-8")

    def look(self, share: float = 0.05) -> tuple[str, str, list[Any]]:
        """The state's name and message, and the events sent."""
        command = [sys.executable, "-c", LOOK, str(self.folder / ".seqloom"), str(share)]
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        kind, name, message, events = json.loads(done.stdout.splitlines()[-1])
        assert kind == "COMPLETED"
        return name, message, events

    def train(self) -> None:
        command = [sys.executable, "-m", "flows.command_line", "train", "recipe.yaml", "-o", "corpus.max_characters=50"]
        subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True, check=True)


@pytest.fixture(scope="module")
def watched(workplace: Path, tmp_path_factory: pytest.TempPathFactory, first: dict[str, Any]) -> Watched:
    assert first  # Prefect's database is there
    return Watched(tmp_path_factory.mktemp("watched"), workplace)


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
    from tasks.refreshing import CHANGED

    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    [trigger] = [trigger for deployment in deployments for trigger in deployment.get("triggers", [])]
    assert trigger["expect"] == [CHANGED]
    assert trigger["match"] == {"prefect.resource.id": "seqloom.corpus.*"}
