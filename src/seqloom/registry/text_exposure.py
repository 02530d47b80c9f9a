"""Exposure of registered versions to texts: what has to be trained again to forget them.

A version saw a text if its corpus has it, the raw text of its pretraining, or that of a version whose training it went
on from, or of a member of an ensemble. Corpora are looked through where their stage is still on this machine; of the
others nobody can say, nor of what went on from a version that was deleted. A version may also have a text among its
known answers, its memory and rules.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from mlflow.entities.model_registry import ModelVersion

from seqloom.artifact.cache_key import TEACHER
from seqloom.corpus import SPLITS
from seqloom.corpus.back_translation import without_tag
from seqloom.corpus.corpus_files import iterate_split
from seqloom.corpus.dialogue_context import TURN
from seqloom.corpus.excluded_texts import ExcludedTexts
from seqloom.decoding.known_answers import KnownAnswers
from seqloom.recipe.teaching_rules import is_endpoint
from seqloom.registry.ensemble_card import pinned_members
from seqloom.registry.garbage_collection import all_pages
from seqloom.registry.integrity import uri_of
from seqloom.registry.lineage import DIGITS, lineage_of
from seqloom.registry.model_history import FORGOTTEN_TAG
from seqloom.registry.model_uri import fetch, open_registry
from seqloom.registry.registered_version import KEY_TAG
from seqloom.registry.seal import CHECKPOINT
from seqloom.registry.training_corpus import text_corpora
from seqloom.registry.version_ancestry import find_pinned, parent_of_version
from seqloom.registry.versions import KNOWN_ANSWERS_TAG, aliases_of


@dataclass(frozen=True)
class Exposure:
    """Texts that a version saw."""

    model: str  # models:/NAME/VERSION
    aliases: list[str]
    rows: dict[str, int] | None  # with one of the texts, by split; None: its corpus is not on this machine
    parents: tuple[str, ...] = ()  # the version that it went on from, pinned if it is gone; of an ensemble its members
    known: int = 0  # pairs of its memory, and rules, with one of the texts

    @property
    def learned(self) -> int:
        """Number of rows that it learned from, or by which its epoch was chosen; test rows only measured it."""
        return sum(count for split, count in (self.rows or {}).items() if split != "test")


def exposures(texts: ExcludedTexts, home: Path) -> list[Exposure]:
    """Return what each registered version saw of the texts, by name and number.

    Raises:
        UserError: there is no registry.
    """
    client = open_registry("forget", home)
    versions = [version for version in all_pages(client.search_model_versions) if KEY_TAG in version.tags]
    counted: dict[Path, dict[str, int]] = {}
    found = []
    for version in sorted(versions, key=lambda each: (each.name, int(each.version))):
        uri = uri_of(version)
        corpora = text_corpora(uri, home)
        for corpus in corpora:
            if corpus and corpus not in counted:
                counted[corpus] = _rows_with(texts, corpus)
        named = aliases_of(client, version.name).items()
        aliases = sorted(alias for alias, number in named if number == int(version.version))
        rows = _sum([counted[each] if each else None for each in corpora])
        found.append(Exposure(uri, aliases, rows, _parents(version, home), _known_with(texts, version)))
    return found


def to_be_retrained(found: list[Exposure]) -> list[str]:
    """Return the versions that know the texts, or learned from them, also through the one that they went on from."""
    by_uri = {each.model: each for each in found}
    return [each.model for each in found if each.known or any(one.learned for one in _ancestry(each, by_uri))]


def undecided(found: list[Exposure]) -> list[str]:
    """Return the versions of which nobody can say: of theirs or of an ancestor's text something is not here."""
    by_uri = {each.model: each for each in found}
    retrained = set(to_be_retrained(found))
    return [
        each.model
        for each in found
        if each.model not in retrained
        and any(one.rows is None or not by_uri.keys() >= {*one.parents} for one in _ancestry(each, by_uri))
    ]


def mark_to_be_forgotten(found: list[Exposure], texts: ExcludedTexts, home: Path) -> None:
    """Write to each version that must be trained again that it must, and why, where its history shows it.

    Raises:
        UserError: there is no registry.
    """
    client = open_registry("forget", home)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    by_uri = {each.model: each for each in found}
    for uri in to_be_retrained(found):
        name, _, number = uri.removeprefix("models:/").rpartition("/")
        learned = next((each for each in _ancestry(by_uri[uri], by_uri) if each.learned), None)
        through = "" if not learned or learned.model == uri else f" through {learned.model}"
        whys = [f"learned from {learned.learned:,} rows{through}"] if learned else []
        whys += [f"has {known:,} known answers"] if (known := by_uri[uri].known) else []
        why = f"{' and '.join(whys)} of list {texts.digest[:DIGITS]}: train it again without"
        client.set_model_version_tag(name, number, FORGOTTEN_TAG, json.dumps({"when": now, "why": why}))


def _parents(version: ModelVersion, home: Path) -> tuple[str, ...]:
    """Return the versions that one went on from or was taught by; of an ensemble the members that are left.

    They may hand on what they saw; what an endpoint saw is known to nobody here.
    """
    teacher = lineage_of(version).get(TEACHER, "")
    learned = filter(None, (parent_of_version(version), "" if is_endpoint(teacher) else teacher))
    if parents := [(pinned, find_pinned(pinned, home)) for pinned in learned]:
        return tuple(uri_of(found) if found else pinned for pinned, found in parents)
    left = (find_pinned(each, home) for each in pinned_members(lineage_of(version)))
    return tuple(uri_of(each) for each in left if each)


def _ancestry(version: Exposure, by_uri: Mapping[str, Exposure]) -> Iterator[Exposure]:
    seen: set[str] = set()
    waiting = [version]
    while waiting:
        current = waiting.pop(0)
        if current.model not in seen:
            yield current
            seen.add(current.model)
            waiting += [by_uri[parent] for parent in current.parents if parent in by_uri]


def _sum(counts: list[dict[str, int] | None]) -> dict[str, int] | None:
    """Return the rows of all corpora by split; None where none is known of, and one is not on this machine."""
    known = [each for each in counts if each is not None]
    total = {split: sum(each[split] for each in known) for split in SPLITS}
    return total if len(known) == len(counts) or any(total.values()) else None


def _known_with(texts: ExcludedTexts, version: ModelVersion) -> int:
    """Count the known answers of a version with one of the texts."""
    known = KnownAnswers.load(fetch(version) / CHECKPOINT) if KNOWN_ANSWERS_TAG in version.tags else None
    if not known:
        return 0
    rules = ((rule.pattern, rule.answer) for rule in known.rules)
    return sum(texts.has(*pair) for pair in (*known.memory.pairs, *rules))


def _rows_with(texts: ExcludedTexts, corpus: Path) -> dict[str, int]:
    """Count the rows of a corpus with one of the texts, as a side, whoever wrote it, or as a turn, by split."""
    counts: Counter[str] = Counter()
    for split in SPLITS:
        for table in iterate_split(corpus, split):
            for source, target in zip(table["source"], table["target"], strict=True):
                said = without_tag(source)
                counts[split] += texts.has(said, target, *(said.split(TURN) if TURN in said else ()))
    return {split: counts[split] for split in SPLITS}
