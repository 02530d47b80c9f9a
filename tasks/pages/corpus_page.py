"""The corpus report: what there is, how long it is, and what was thrown away."""

from collections.abc import Iterator

from seqloom.artifact.manifest import Manifest
from tasks.pages.markdown import lines, table


def sections(manifest: Manifest) -> Iterator[str]:
    """Counts by split, lengths, rejects with an example each, and three pairs."""
    facts = manifest.facts
    rows = [
        (split, f"{count:,}", *(facts["characters"][split][side] for side in ("source", "target")))
        for split, count in facts["rows"].items()
    ]
    yield table(("split", "pairs", "mean source", "mean target"), rows, (1, 2, 3))
    if facts["overfit"]:
        yield "Validation and test are the training text itself (`corpus.overfit`): scores tell nothing of others.\n"
    nearly = facts.get("also_in_training", {})
    if any(nearly.values()):
        told = " and ".join(f"{share:.1%} of the {split} rows" for split, share in nearly.items())
        yield f"{told} have a source that stands in training, but for case, spaces and punctuation.\n"
    yield "Lengths are characters. Of the training pairs, so many of a hundred are no longer than:\n"
    lengths = [(side, *(f"{value:,}" for value in shares.values())) for side, shares in facts["lengths"].items()]
    yield table(("", "50", "95", "all"), lengths, (1, 2, 3))
    if facts.get("whitespace") == "keep":
        yield "White space is kept as it stands (`corpus.whitespace`).\n"
    elif facts.get("folded_targets"):
        yield f"White space is folded: {facts['folded_targets']:,} targets lost line breaks, tabs or special spaces.\n"
    yield _rejected(facts["rejected"], facts["rejects"], facts["read"])
    yield f"### Pairs from the training split\n\n{lines(facts['examples'])}"


def _rejected(counts: dict[str, int], first: dict[str, dict[str, str]], read: int) -> str:
    if not counts:
        return f"None of the {read:,} pairs read was rejected.\n"
    by_count = sorted(counts.items(), key=lambda pair: -pair[1])
    rows = [(reason, f"{count:,}", f"{count / read:.1%}") for reason, count in by_count]
    examples = [
        {reason: _place(pair), "source": pair["source"], "target": pair["target"]}
        for reason, pair in ((reason, first[reason]) for reason, _ in by_count)
    ]
    return (
        f"### Rejected\n\n{table(('reason', 'pairs', 'share'), rows, (1, 2))}\n"
        f"The first of each; all of them are in `rejects.parquet`:\n\n{lines(examples)}"
    )


def _place(pair: dict[str, str]) -> str:
    """Where a reject stands, and of one that cannot be read what is wrong with it."""
    place = f"{pair['file']} line {pair['line']}"
    return f"{place}: {pair['problem']}" if "problem" in pair else place
