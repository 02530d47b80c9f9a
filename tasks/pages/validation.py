"""The scores of the validation split, by which a comparison ranks."""

from collections.abc import Iterator

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.kinds.choosing import kind_of
from tasks.pages.markdown import table


def sections(manifest: Manifest) -> Iterator[str]:
    """Each score that may judge a version."""
    facts = manifest.facts
    kind = kind_of(facts["task"])
    rows = [(each.label, each.shown(facts["metrics"][f"validation/{name}"], 2)) for name, each in kind.judged.items()]
    yield table(("score", "this model"), rows, (1,))
    yield f"On {facts['rows']:,} validation {kind.rows}.\n"
