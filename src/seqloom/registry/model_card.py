"""The model card of a version, written once, at registration; later events are added when it is read."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlflow
from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from seqloom.artifact.cache_key import TEACHER
from seqloom.artifact.digest import digest_of_value
from seqloom.corpus.pairs import EXCLUDED
from seqloom.errors import UserError
from seqloom.recipe.schema import Recipe
from seqloom.registry.card_text import Manifests, card_text
from seqloom.registry.ensemble_card import members_lineage
from seqloom.registry.evidence import html
from seqloom.registry.export_card import other_forms
from seqloom.registry.lineage import DIGITS, KNOWN_ANSWERS, RAW_CORPUS, lineage_of, write_lineage
from seqloom.registry.model_history import history
from seqloom.registry.model_uri import find_version, open_registry
from seqloom.registry.registered_version import Version
from seqloom.registry.versions import KNOWN_ANSWERS_TAG, aliases_of

DESCRIPTION_AT_MOST = 5000  # characters that MLflow's database takes


@dataclass(frozen=True)
class Card:
    """A model card as `seqloom show` prints it."""

    name: str
    version: int
    aliases: list[str]
    lineage: dict[str, str]
    text: str  # markdown

    def as_json(self) -> dict[str, Any]:
        """Return every field."""
        return asdict(self)


def write_card(client: MlflowClient, recipe: Recipe, made: Manifests, version: Version) -> str:
    """Write the card to the run and the version's page, and the lineage to a tag; return the card."""
    number, run = str(version.number), client.get_run(version.run_id)
    lineage = {
        "recipe": digest_of_value(recipe.model_dump())[:DIGITS],
        **{stage: manifest.digest[:DIGITS] for stage, manifest in made.items()},
        **_raw_corpus(made),
        **(members_lineage(made.get("ensemble")) or _parentage(recipe, made)),
        **_excluded(recipe, made["corpus"].facts),
        **_known_answers(client.get_model_version(version.name, number)),
        "code": run.data.tags.get("mlflow.source.git.commit", "not from a checkout"),
        "flow run": run.data.tags.get("prefect.flow_run_id", "none"),
        "MLflow run": version.run_id,
    }
    text = card_text(recipe, made, version, lineage)
    client.log_text(version.run_id, text, _file(version.number, "md"))
    client.log_text(version.run_id, html(text, f"{version.name}, version {number}"), _file(version.number, "html"))
    write_lineage(client, version.name, number, lineage)
    client.update_model_version(version.name, number, _shortened(text))
    return text


def read_card(model: str, home: Path) -> Card:
    """Return the card of a registered version, with its history since.

    Raises:
        UserError: there is no such version, or Seqloom did not make it.
    """
    found = find_version(model, home)
    client = open_registry(model, home)
    text = _text_of(found) + other_forms(found)
    number = int(found.version)
    aliases = sorted(alias for alias, other in aliases_of(client, found.name).items() if other == number)
    return Card(found.name, number, aliases, lineage_of(found), text + _since(client, found.name, number, aliases))


def _raw_corpus(made: Manifests) -> dict[str, str]:
    """Return the digest of the raw text that the encoder learned from, where it did."""
    return {RAW_CORPUS: made["pretraining"].facts["corpus"][:DIGITS]} if "pretraining" in made else {}


def _parentage(recipe: Recipe, made: Manifests) -> dict[str, str]:
    """Return the version that a training went on from, with its share in averaged weights, and the teacher."""
    share = made["training"].facts.get("parent_share", 0.0)
    averaged = {"share of the parent in the weights": f"{share:.0%}"} if share else {}
    taught = {TEACHER: recipe.corpus.teacher} if recipe.corpus.teacher else {}
    return {"parent version": recipe.training.start_from or "none", **averaged, **taught}


def _known_answers(version: ModelVersion) -> dict[str, str]:
    """Return what a version answers before its model is asked, if anything."""
    known = version.tags.get(KNOWN_ANSWERS_TAG)
    return {KNOWN_ANSWERS: known} if known else {}


def _excluded(recipe: Recipe, corpus: Mapping[str, Any]) -> dict[str, str]:
    """Return how many rows were left out because they are to be forgotten, where there is a list."""
    rows = corpus.get("rejected", {}).get(EXCLUDED, 0)
    return {"excluded rows": f"{rows:,}"} if recipe.corpus.exclude else {}


def _since(client: MlflowClient, name: str, number: int, aliases: list[str]) -> str:
    lines = [f"- aliases now: {', '.join(aliases) or 'none'}"]
    for event in history(client, name):
        if event.version == number:
            why = f": {event.why}" if event.why else ""
            lines.append(f"- {event.when[:16].replace('T', ' ')} UTC {event.what} by {event.by}{why}")
    return "\n## What happened since\n\n" + "\n".join(lines) + "\n"


def _text_of(version: ModelVersion) -> str:
    uri = f"models:/{version.name}/{version.version}"
    try:
        return str(mlflow.artifacts.load_text(f"runs:/{version.run_id}/{_file(int(version.version), 'md')}"))
    except (MlflowException, OSError):
        if version.description and lineage_of(version):
            return str(version.description)  # the card, or the first sections of it
        raise UserError(f"{uri} has no card: it was not made by Seqloom, or its MLflow run was deleted") from None


def _file(number: int, ending: str) -> str:
    return f"card/version-{number}.{ending}"


def _shortened(text: str) -> str:
    """Return the leading sections that fit into a version's description."""
    if len(text) <= DESCRIPTION_AT_MOST:
        return text
    note = "\n\nThe rest is in the artifacts of the run, below card/.\n"
    kept = ""
    for section in text.split("\n\n## "):
        longer = f"{kept}\n\n## {section}" if kept else section
        if len(longer) + len(note) > DESCRIPTION_AT_MOST:
            break
        kept = longer
    return kept + note
