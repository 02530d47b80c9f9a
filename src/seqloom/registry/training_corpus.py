"""The corpus that a registered version was trained on, where its stage is still on this machine."""

from pathlib import Path

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import CORPUS
from seqloom.artifact.manifest import MANIFEST_FILE, read_manifest
from seqloom.errors import UserError
from seqloom.registry.lineage import stages_of_version
from seqloom.registry.model_uri import find_version, open_registry


def training_corpus(model: str, home: Path) -> Path | None:
    """Return the folder of the corpus stage of a version; None where it is not, or nobody can say which it was."""
    try:
        digest = stages_of_version(open_registry(model, home), find_version(model, home)).get(CORPUS.name, "")
    except UserError:
        return None
    for file in sorted((Store(home).root / CORPUS.name).glob(f"*/{MANIFEST_FILE}")):
        if digest and read_manifest(file.parent).digest.startswith(digest):
            return file.parent
    return None
