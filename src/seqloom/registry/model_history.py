"""History of a registered model: registrations, gate verdicts and champion moves, with reasons."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from mlflow import MlflowClient

from seqloom.registry.gate_runner import AGAINST_TAG, VERDICT_TAG, WHEN_TAG, WHY_TAG
from seqloom.registry.promotion import moves_of

FORGOTTEN_TAG = "seqloom.forgotten"  # JSON, on a version that learned from texts that are to be forgotten: when, why


@dataclass(frozen=True)
class Event:
    """One event in a version's history."""

    when: str  # UTC, ISO 8601
    version: int
    what: str  # registered, refused, declined, waiting, champion or to forget
    instead_of: int | None  # the champion it was compared with, or that it followed
    by: str  # a run or a person
    why: str


def history(client: MlflowClient, name: str) -> list[Event]:
    """Return every event of a model, oldest first; of each version only its latest verdict."""
    events = [Event(move.when, move.to, "champion", move.origin, move.by, move.why) for move in moves_of(client, name)]
    for version in client.search_model_versions(f"name = '{name}'"):
        number, tags = int(version.version), version.tags
        made = datetime.fromtimestamp(version.creation_timestamp / 1000, UTC).isoformat(timespec="milliseconds")
        events.append(Event(made, number, "registered", None, f"MLflow run {version.run_id}", ""))
        if tags.get(VERDICT_TAG, "champion") != "champion":  # that one is among the moves
            against = tags[AGAINST_TAG]
            champion = int(against) if against.isdigit() else None
            events.append(Event(tags[WHEN_TAG], number, tags[VERDICT_TAG], champion, "the gate", tags[WHY_TAG]))
        if FORGOTTEN_TAG in tags:
            told = json.loads(tags[FORGOTTEN_TAG])
            events.append(Event(told["when"], number, "to forget", None, "seqloom forget", told["why"]))
    order = ["registered", "waiting", "refused", "declined", "champion", "to forget"]
    return sorted(events, key=lambda event: (event.when, event.version, order.index(event.what)))
