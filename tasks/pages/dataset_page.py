"""The encoded corpus: tokens by split and side."""

from collections.abc import Iterator

from seqloom.artifact.manifest import Manifest
from tasks.pages.markdown import table


def sections(manifest: Manifest) -> Iterator[str]:
    """One table."""
    facts = manifest.facts
    rows = [(*part.split("."), f"{count:,}", facts["mean_length"][part]) for part, count in facts["tokens"].items()]
    yield table(("split", "side", "tokens", "mean tokens a text"), rows, (2, 3))
    limit = facts.get("length_limit")
    if limit:
        yield f"An answer to S tokens may have {limit['slope']:.3g} S + {limit['base']:.3g} tokens.\n"
