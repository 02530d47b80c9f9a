"""Ancestry of a registered version: those whose training it went on from, and the text that these have learned from."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from seqloom.artifact.cache_key import CORPUS, PRETRAINING
from seqloom.artifact.digest import digest_of_folder
from seqloom.artifact.manifest import Manifest
from seqloom.errors import UserError
from seqloom.recipe.pinned_version import split_pin
from seqloom.registry.integrity import ARTIFACTS, PACKAGE, uri_of
from seqloom.registry.lineage import PARENT_CORPUS, RAW_CORPUS, lineage_of, stages_of_version
from seqloom.registry.model_uri import download, find_version, open_registry
from seqloom.registry.seal import CHECKPOINT

UNKNOWN = "unknown"  # in place of a corpus's digest, where nobody can say which it was


def parent_of_version(version: ModelVersion) -> str:
    """Return the version that a training went on from, pinned; empty where it went on from none."""
    parent = lineage_of(version).get("parent_version", "none")
    return "" if parent == "none" else parent


def find_pinned(pinned: str, home: Path) -> ModelVersion | None:
    """Return the version that was meant; None if it was deleted, also where another has its number by now."""
    uri, digest = split_pin(pinned)
    try:
        version = find_version(uri, home)
        checkpoint = download(version) / ARTIFACTS / PACKAGE / CHECKPOINT if digest else None
        return version if checkpoint is None or digest_of_folder(checkpoint).startswith(digest) else None
    except (UserError, MlflowException, OSError):
        return None


def inherited_corpora(versions: Sequence[ModelVersion], home: Path) -> list[Manifest]:
    """Return what versions have learned from besides their own corpora, each once: raw text, and that of ancestors.

    They are stages of which the digest alone is known, raw_corpus, raw_corpus-2, …, parent_corpus, …; `UNKNOWN` stands
    for the text of an ancestor that is registered no longer.
    """
    own = dict.fromkeys(digest for version in versions for digest in _raw_corpora(version, home))
    digests = (digest for version in versions for digest in _ancestors_corpora(version, home))
    return [*_numbered(RAW_CORPUS, own), *_numbered(PARENT_CORPUS, dict.fromkeys(digests))]


def _numbered(name: str, digests: dict[str, None]) -> Iterator[Manifest]:
    for number, digest in enumerate(digests, 1):
        yield Manifest(f"{name}-{number}" if number > 1 else name, "", digest, "", 0.0, {})


def _raw_corpora(version: ModelVersion, home: Path) -> list[str]:
    stages = stages_of_version(open_registry(uri_of(version), home), version)
    return [stages.get(RAW_CORPUS, UNKNOWN)] if {PRETRAINING.name, RAW_CORPUS} & stages.keys() else []


def _ancestors_corpora(version: ModelVersion, home: Path) -> Iterator[str]:
    """Yield the digests of what a version's ancestors have learned from."""
    seen = set()
    pinned = parent_of_version(version)
    while pinned and pinned not in seen:
        seen.add(pinned)
        parent = find_pinned(pinned, home)
        if parent is None:
            yield UNKNOWN
            return
        try:
            stages = stages_of_version(open_registry(pinned, home), parent)
        except UserError:
            stages = {}
        yield stages.get(CORPUS.name, UNKNOWN)
        yield from _raw_corpora(parent, home) if stages else ()
        pinned = parent_of_version(parent)
