"""The vocabulary: its size, what it does not know, and its tokens."""

from collections.abc import Iterator
from itertools import zip_longest

from seqloom.artifact.manifest import Manifest
from seqloom.corpus import SIDES
from seqloom.vocabulary.unknown_tokens import unknown_warning
from tasks.pages.markdown import table, text


def sections(manifest: Manifest) -> Iterator[str]:
    """Figures by side, the most frequent tokens and the longest."""
    facts = manifest.facts
    rows = [
        ("tokens in the vocabulary", *(f"{facts['size'][side]:,}" for side in SIDES)),
        ("tokens of the training text", *(f"{facts['tokens'][side]:,}" for side in SIDES)),
        ("tokens a character", *(f"{facts['tokens_per_character'][side]:.2f}" for side in SIDES)),
        ("unknown in the validation text", *(f"{facts['unknown'][side]:.2%}" for side in SIDES)),
    ]
    yield table(("", *SIDES), rows, (1, 2))
    if warning := unknown_warning(facts["unknown"]):
        yield f"**{text(warning)}.**\n"
    yield "### Most frequent tokens\n\n▁ begins a word.\n"
    lists = (facts["frequent"][side] for side in SIDES)
    frequent = [
        [cell for token, count in pair for cell in (text(token), f"{count:,}" if count else "")]
        for pair in zip_longest(*lists, fillvalue=("", 0))
    ]
    yield table(("source", "times", "target", "times"), frequent, (1, 3))
    yield "### Longest tokens\n\nWhat went wrong with the text shows here first.\n"
    yield table(("", "tokens"), ((side, ", ".join(map(text, facts["longest"][side]))) for side in SIDES))
