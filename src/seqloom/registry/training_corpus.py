"""The corpus that a registered version was trained on, where its stage is still on this machine."""

from pathlib import Path

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import CORPUS
from seqloom.artifact.manifest import MANIFEST_FILE, read_manifest
from seqloom.errors import UserError
from seqloom.registry.lineage import RAW_CORPUS, stages_of_version
from seqloom.registry.model_uri import find_version, open_registry


def training_corpus(model: str, home: Path) -> Path | None:
    """Return the folder of the corpus stage of a version; None where it is not, or nobody can say which it was."""
    return _corpus_of(CORPUS.name, model, home)[1]


def text_corpora(model: str, home: Path) -> list[Path | None]:
    """Return the same of all that a version learned from: its corpus, and the raw text of its pretraining, if any."""
    named, raw = _corpus_of(RAW_CORPUS, model, home)
    return [training_corpus(model, home), *([raw] if named else [])]


def _corpus_of(stage: str, model: str, home: Path) -> tuple[bool, Path | None]:
    """Return whether a version has such a corpus, and its folder where it is still on this machine."""
    try:
        digest = stages_of_version(open_registry(model, home), find_version(model, home)).get(stage, "")
    except UserError:
        return False, None
    for file in sorted((Store(home).root / CORPUS.name).glob(f"*/{MANIFEST_FILE}")):
        if digest and read_manifest(file.parent).digest.startswith(digest):
            return True, file.parent
    return bool(digest), None
