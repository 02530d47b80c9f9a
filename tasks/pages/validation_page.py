"""The scores of the validation split, by which a comparison ranks."""

from collections.abc import Iterator

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.applications import application_of
from tasks.pages.markdown import table


def sections(manifest: Manifest) -> Iterator[str]:
    """Each score that may judge a version."""
    facts = manifest.facts
    kind = application_of(facts["task"])
    rows = [
        (
            each.label,
            each.shown(facts["metrics"][f"validation/{name}"], 2),
            " to ".join(each.shown(end, 2) for end in facts["intervals"][name]),
        )
        for name, each in kind.judged.items()
    ]
    yield table(("score", "this model", "95 % interval"), rows, (1,))
    yield f"On {facts['rows']:,} validation {kind.rows}; the interval is that of 1,000 resamples of them.\n"
