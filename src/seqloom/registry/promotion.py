"""Move the champion alias between versions, in one transaction, with a record of each move."""

import getpass
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import chain, count, takewhile
from pathlib import Path
from typing import Any

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from seqloom.errors import UserError
from seqloom.registry.versions import CHALLENGER, CHAMPION, aliases_of, no_model

PREVIOUS = "previous"
MOVES_TAG = "seqloom.moves"  # JSON, the oldest first, on the registered model; full, it goes on in seqloom.moves.2, …
OLD_MOVE_TAG = "seqloom.move."  # prefix of a tag per move, in registries of earlier releases
TAG_AT_MOST = 5000  # characters that the column of MLflow's database takes
ROLLED_BACK_TAG = "seqloom.rolled_back"  # why, on the version that was left
BY_HAND = "by hand"  # suffix of the person in a move past the gate
BEST_TAG = "seqloom.best_champion"  # on the version that was the best champion so far: the metric it was judged by
LONGEST_WHY = 1000  # characters


@dataclass(frozen=True)
class Promotion:
    """One move of the champion alias."""

    origin: int | None  # None: there was no champion
    to: int
    when: str  # UTC, ISO 8601
    by: str  # a flow run, or a person
    why: str


def promote(client: MlflowClient, name: str, version: int, why: str, home: Path) -> Promotion:
    """Make a version champion by hand, whatever the gate says.

    Raises:
        UserError: there is no such version, it is the champion already, or `why` says nothing.
    """
    _require_reason(why)
    aliases = _aliases(client, name)
    if aliases.get(CHAMPION) == version:
        raise UserError(f"version {version} of {name} is the champion already")
    _require_version(client, name, version)
    with moving_champion(client, name, aliases.get(CHAMPION), version, _person(), why, home) as move:
        _clear_rollback(client, name, version)
        forget_best(client, name)
    return move


def rollback(client: MlflowClient, name: str, why: str, home: Path) -> Promotion:
    """Make the previous champion champion again; the gate refuses the version that was rolled back.

    Raises:
        UserError: there is no version to go back to, or `why` says nothing.
    """
    _require_reason(why)
    aliases = _aliases(client, name)
    champion, previous = aliases.get(CHAMPION), aliases.get(PREVIOUS)
    if champion is None or previous is None or champion == previous:
        raise UserError(
            f"{name} has no previous champion to go back to; name a version: seqloom promote {name} VERSION --why …"
        )
    with moving_champion(client, name, champion, previous, _person(), why, home) as move:
        _clear_rollback(client, name, previous)
        forget_best(client, name)
        client.set_model_version_tag(name, str(champion), ROLLED_BACK_TAG, f"{move.when[:10]}: {why}"[:LONGEST_WHY])
    return move


@contextmanager
def moving_champion(
    client: MlflowClient, name: str, expected: int | None, version: int, by: str, why: str, home: Path
) -> Iterator[Promotion]:
    """Move `champion` to `version` and `previous` to where it was; whatever fails inside moves both back.

    Raises:
        UserError: the champion is not the `expected` version any more.
    """
    home.mkdir(parents=True, exist_ok=True)
    with FileLock(home / "registry.lock"):
        before = _aliases(client, name)
        if before.get(CHAMPION) != expected:
            raise UserError(
                f"the champion of {name} is version {before.get(CHAMPION)} and no longer {expected}: it moved in the "
                "meantime, so try again"
            )
        now = datetime.now(UTC)
        move = Promotion(expected, version, now.isoformat(timespec="milliseconds"), by, why[:LONGEST_WHY])
        tag, previous, content = _page_for(client.get_registered_model(name).tags, move)
        try:
            _set_alias(client, name, PREVIOUS, expected)
            _set_alias(client, name, CHAMPION, version)
            if before.get(CHALLENGER) == version:
                _set_alias(client, name, CHALLENGER, None)
            client.set_registered_model_tag(name, tag, content)
            yield move
        except BaseException:
            for alias in (CHAMPION, PREVIOUS, CHALLENGER):
                _set_alias(client, name, alias, before.get(alias))
            if previous is not None:
                client.set_registered_model_tag(name, tag, previous)
            elif tag in client.get_registered_model(name).tags:
                client.delete_registered_model_tag(name, tag)
            raise


def moves_of(client: MlflowClient, name: str) -> list[Promotion]:
    """Return every move of a model's champion, oldest first."""
    tags = client.get_registered_model(name).tags
    before = [json.loads(tags[key]) for key in sorted(tags) if key.startswith(OLD_MOVE_TAG)]
    return [
        Promotion(**fields)
        for fields in (*before, *chain.from_iterable(json.loads(tags[page]) for page in _pages(tags)))
    ]


def _pages(tags: Mapping[str, str]) -> list[str]:
    """Return the tags that hold the record, in order."""
    further = (f"{MOVES_TAG}.{number}" for number in count(2))
    return list(takewhile(lambda name: name in tags, chain([MOVES_TAG], further)))


def _page_for(tags: Mapping[str, str], move: Promotion) -> tuple[str, str | None, str]:
    """Return the tag to write a move to, its present content (None if new), and its new content."""
    pages = _pages(tags)
    if pages:
        longer = _written([*json.loads(tags[pages[-1]]), asdict(move)])
        if len(longer) <= TAG_AT_MOST:
            return pages[-1], tags[pages[-1]], longer
    return f"{MOVES_TAG}.{len(pages) + 1}" if pages else MOVES_TAG, None, _written([asdict(move)])


def _written(moves: list[dict[str, Any]]) -> str:
    return json.dumps(moves, ensure_ascii=False)


def forget_best(client: MlflowClient, name: str, but: int | None = None) -> None:
    """Remove the best-champion mark from every version `but` this one."""
    for version in client.search_model_versions(f"name = '{name}'"):
        if BEST_TAG in version.tags and int(version.version) != but:
            client.delete_model_version_tag(name, str(version.version), BEST_TAG)


def _set_alias(client: MlflowClient, name: str, alias: str, version: int | None) -> None:
    if version is not None:
        client.set_registered_model_alias(name, alias, str(version))
    elif alias in client.get_registered_model(name).aliases:
        client.delete_registered_model_alias(name, alias)


def _aliases(client: MlflowClient, name: str) -> dict[str, int]:
    """Return version numbers by alias.

    Raises:
        UserError: no such model is registered.
    """
    try:
        return aliases_of(client, name)
    except MlflowException:
        raise UserError(no_model(client, name)) from None


def _require_version(client: MlflowClient, name: str, version: int) -> None:
    numbers = sorted(int(found.version) for found in client.search_model_versions(f"name = '{name}'"))
    if version not in numbers:
        raise UserError(f"model {name} has no version {version}; it has versions {', '.join(map(str, numbers))}")


def _require_reason(why: str) -> None:
    if not why.strip():
        raise UserError("--why is empty: say in a sentence why the champion moves, for those who ask later")


def _clear_rollback(client: MlflowClient, name: str, version: int) -> None:
    """Remove the mark of an earlier rollback, since a person chose this version."""
    if ROLLED_BACK_TAG in client.get_model_version(name, str(version)).tags:
        client.delete_model_version_tag(name, str(version), ROLLED_BACK_TAG)


def _person() -> str:
    try:
        return f"{getpass.getuser()} {BY_HAND}"
    except (OSError, KeyError):  # a container's user without a name
        return BY_HAND
