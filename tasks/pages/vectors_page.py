"""The word vectors: how much of the text they cover, and what lies beside what."""

from collections.abc import Iterator, Mapping
from typing import Any

from seqloom.artifact.manifest import Manifest
from tasks.pages.markdown import table, text


def sections(manifest: Manifest) -> Iterator[str]:
    """Coverage by side, and the nearest neighbors of frequent words."""
    facts = manifest.facts
    if not facts["coverage"]:
        yield f"The embeddings, {facts['width']} wide, start at random.\n"
        return
    shares = [(side, f"{share:.1%}") for side, share in facts["coverage"].items()]
    yield table(("", "tokens with a vector"), shares, (1,))
    yield from _files(facts.get("files", {}))
    yield f"Each vector has {facts['width']} numbers. The share is of the tokens of the training text.\n"
    yield "### Nearest neighbors of frequent words\n"
    rows = [
        (side, text(word), ", ".join(map(text, nearest)))
        for side, words in facts["neighbors"].items()
        for word, nearest in words.items()
    ]
    yield table(("", "word", "nearest by cosine"), rows)


def _files(files: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """How many rows were read of each file, and what is odd about it."""
    for side, tally in files.items():
        notes = "".join(f"\n- {text(note)}" for note in tally["notes"])
        yield f"The file of the {side} has {tally['rows']:,} rows.{notes}\n"
