"""The corpora that a registered version was trained on, where their stages are still on this machine."""

from pathlib import Path

from seqloom.artifact.artifact_store import Store
from seqloom.artifact.cache_key import CORPUS
from seqloom.errors import UserError
from seqloom.registry.lineage import PARENT_CORPUS, RAW_CORPUS, stages_of_version
from seqloom.registry.model_uri import find_version, open_registry


def training_corpus(model: str, home: Path) -> Path | None:
    """Return the folder of the corpus stage of a version, of an ensemble that of its first member.

    None where it is not here, or nobody can say which it was.
    """
    return training_corpora(model, home)[0]


def training_corpora(model: str, home: Path) -> list[Path | None]:
    """Return the corpora that a version learned from, its own first; those of an ensemble's other members follow.

    None stands for one that is not here, or where nobody can say which it was.
    """
    return _corpora_of(CORPUS.name, model, home) or [None]


def text_corpora(model: str, home: Path) -> list[Path | None]:
    """Return the same with the raw text of its pretraining, if any; of an ensemble all that its members have seen."""
    more = (_corpora_of(kind, model, home) for kind in (RAW_CORPUS, PARENT_CORPUS))
    return [*training_corpora(model, home), *(corpus for each in more for corpus in each)]


def _corpora_of(kind: str, model: str, home: Path) -> list[Path | None]:
    """Return the folders of corpora that a version names so, and so with a number behind it."""
    try:
        stages = stages_of_version(open_registry(model, home), find_version(model, home))
    except UserError:
        return []
    names = sorted((name for name in stages if name.partition("-")[0] == kind), key=lambda name: (len(name), name))
    found = [Store(home).find_by_digest(CORPUS.name, stages[name]) for name in names]
    return [manifest.path if manifest else None for manifest in found]
