"""The best champion so far, which policy not-worse compares with beside the current champion.

If each version may be a little worse than the one before, quality can sink without end. So the best version that the
gate made champion carries a tag, and predicts today's test rows like the others: scores on different rows do not
compare. A move by hand starts anew, because a person weighed what no score knows.
"""

from collections.abc import Sequence
from datetime import UTC, datetime

from mlflow import MlflowClient
from mlflow.entities.model_registry import ModelVersion

from seqloom.recipe.metric import Metric
from seqloom.registry.promotion import BEST_TAG, BY_HAND, ROLLED_BACK_TAG, forget_best, moves_of


def best_champion(client: MlflowClient, name: str, metric: Metric) -> int | None:
    """Return the number of the best version that was ever champion; None where there was no champion.

    If no version is marked, as in registries of earlier releases, it is the champion that had the best score when it
    was registered.
    """
    versions = [each for each in client.search_model_versions(f"name = '{name}'") if ROLLED_BACK_TAG not in each.tags]
    marked = [version for version in versions if version.tags.get(BEST_TAG) == metric.name]
    found = marked or _champions_since_a_person_chose(client, name, versions)
    if not found:
        return None
    return int(max(found, key=lambda version: (_merit(version, metric), int(version.version))).version)


def mark_best(client: MlflowClient, name: str, number: int, metric: str) -> None:
    """Say that a version is the best champion so far; whichever was it before is so no more."""
    client.set_model_version_tag(name, str(number), BEST_TAG, metric)
    forget_best(client, name, but=number)


def _champions_since_a_person_chose(
    client: MlflowClient, name: str, versions: Sequence[ModelVersion]
) -> list[ModelVersion]:
    """Return those of these versions that were champion since the last move by hand."""
    moves = moves_of(client, name)
    by_hand = [index for index, move in enumerate(moves) if move.by.endswith(BY_HAND)]
    moved = {move.to: move.when for move in moves[by_hand[-1] if by_hand else 0 :]}
    return [version for version in versions if _made(version) <= moved.get(int(version.version), "")]


def _made(version: ModelVersion) -> str:
    return datetime.fromtimestamp(version.creation_timestamp / 1000, UTC).isoformat(timespec="milliseconds")


def _merit(version: ModelVersion, metric: Metric) -> float:
    """Return the version's score when it was registered, negated where lower is better."""
    score = version.tags.get(f"test/{metric.name}")
    return float("-inf") if score is None else float(score) * (1 if metric.rises else -1)
