"""Pages of the stages before training: corpus, vocabulary, word vectors and dataset."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

from seqloom.artifact.manifest import Manifest
from seqloom.corpus import SIDES, SPLITS
from seqloom.corpus.corpus_statistics import encodings_in_words
from seqloom.corpus.personal_data import replaced_in_words
from seqloom.vocabulary.unknown_tokens import unknown_warning
from tasks.pages.markdown import lines, table, text

_CHANGE = ("before", "after")


def corpus_page(manifest: Manifest) -> Iterator[str]:
    """Yield counts by split, lengths, rejects with an example each, and three pairs."""
    facts = manifest.facts
    rows = [
        (split, f"{count:,}", *(facts["characters"][split][side] for side in ("source", "target")))
        for split, count in facts["rows"].items()
    ]
    yield table(("split", "pairs", "mean source", "mean target"), rows, (1, 2, 3))
    if "sources" in facts:
        yield "### By source of the training text\n\n" + _sources(facts["sources"])
    if facts["overfit"]:
        yield "Validation and test are the training text itself (`corpus.overfit`): scores tell nothing of others.\n"
    nearly = facts.get("also_in_training", {})
    if any(nearly.values()):
        listed = " and ".join(f"{share:.1%} of the {split} rows" for split, share in nearly.items())
        yield f"{listed} have a source that stands in training, but for case, spaces and punctuation.\n"
    yield "Lengths are characters. Of the training pairs, so many of a hundred are no longer than:\n"
    lengths = [(side, *(f"{value:,}" for value in shares.values())) for side, shares in facts["lengths"].items()]
    yield table(("", "50", "95", "all"), lengths, (1, 2, 3))
    if facts.get("whitespace") == "keep":
        yield "White space is kept as it stands (`corpus.whitespace`).\n"
    elif facts.get("folded_targets"):
        yield f"White space is folded: {facts['folded_targets']:,} targets lost line breaks, tabs or special spaces.\n"
    if "encodings" in facts:
        yield f"Encodings guessed: {text(encodings_in_words(facts['encodings']))}.\n"
    if "replaced" in facts:
        yield f"Personal data replaced: {replaced_in_words(facts['replaced']) or 'none found'}.\n"
    if facts.get("normalized"):
        yield _normalized(facts["normalized"])
    if "context" in facts:
        yield _context(**facts["context"])
    if "taught" in facts:
        yield _taught(**facts["taught"])
    yield _rejected(facts["rejected"], facts["rejects"], facts["read"])
    yield f"### Pairs from the training split\n\n{lines(facts['examples'])}"


def _context(pairs: int, entries: int, rows_with: Mapping[str, float]) -> str:
    found = ", ".join(f"{share:.0%} of {split}" for split, share in rows_with.items())
    return f"Sources with a context, of {pairs:,} training pairs and {entries:,} entries of knowledge: {found}.\n"


def _taught(
    side: str,
    teacher: str,
    texts: int,
    asked: int,
    known: int,
    tokens: int,
    kept: int,
    left_out: Mapping[str, int],
    examples: Sequence[Mapping[str, str]],
) -> str:
    """Return what a teacher was asked, and what is kept of it and thrown away."""
    counts = [("texts read", f"{texts:,}"), ("asked", f"{asked:,}"), ("known before", f"{known:,}")]
    counts += [("tokens, as the endpoint counts them", f"{tokens:,}")] if tokens else []
    counts += [("pairs for training", f"{kept:,}"), *((text(why), f"{rows:,}") for why, rows in left_out.items())]
    other = "source" if side == "target" else "target"
    title = f"### By a teacher: the {other} of each {side}\n\n{text(teacher)}, for the training split alone.\n\n"
    return title + table(("", "rows"), counts, (1,)) + f"\n{lines(examples)}"


def _sources(sources: Mapping[str, Mapping[str, Any]]) -> str:
    rows = [
        (text(name), f"{of['read']:,}", f"{sum(of['rejected'].values()):,}", *(f"{of['rows'][s]:,}" for s in SPLITS))
        for name, of in sources.items()
    ]
    return table(("source", "read", "rejected", *SPLITS), rows, (1, 2, 3, 4, 5))


def _normalized(changed: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the rows that each normalizer changed, with the first example of each."""
    rows = [
        (text(name), f"{of['rows']:,}", *(text(of["examples"][0][key]) if of["examples"] else "" for key in _CHANGE))
        for name, of in changed.items()
    ]
    return f"### Normalized\n\n{table(('normalizer', 'rows changed', *_CHANGE), rows, (1,))}"


def _rejected(counts: dict[str, int], first: dict[str, dict[str, str]], read: int) -> str:
    if not counts:
        return f"None of the {read:,} pairs read was rejected.\n"
    by_count = sorted(counts.items(), key=lambda pair: -pair[1])
    rows = [(reason, f"{count:,}", f"{count / read:.1%}") for reason, count in by_count]
    examples = [
        {reason: _location(pair), "source": pair["source"], "target": pair["target"]}
        for reason, pair in ((reason, first[reason]) for reason, _ in by_count)
    ]
    return (
        f"### Rejected\n\n{table(('reason', 'pairs', 'share'), rows, (1, 2))}\n"
        f"The first of each; all of them are in `rejects.parquet`:\n\n{lines(examples)}"
    )


def _location(pair: dict[str, str]) -> str:
    """Return file and line of a reject, and the problem of one that cannot be read."""
    location = f"{pair['file']} line {pair['line']}"
    return f"{location}: {pair['problem']}" if "problem" in pair else location


def vocabulary_page(manifest: Manifest) -> Iterator[str]:
    """Yield counts by side, the most frequent tokens and the longest."""
    facts = manifest.facts
    rows = [
        ("tokens in the vocabulary", *(f"{facts['size'][side]:,}" for side in SIDES)),
        ("tokens of the training text", *(f"{facts['tokens'][side]:,}" for side in SIDES)),
        ("tokens a character", *(f"{facts['tokens_per_character'][side]:.2f}" for side in SIDES)),
        ("unknown in the validation text", *(f"{facts['unknown'][side]:.2%}" for side in SIDES)),
    ]
    if any(facts.get("left_out", {}).values()):  # vocabularies before 0.2 left none out
        rows.append(("rarest words, left out of the training", *(f"{facts['left_out'][side]:,}" for side in SIDES)))
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


def vectors_page(manifest: Manifest) -> Iterator[str]:
    """Yield the coverage by side, and the nearest neighbors of frequent words."""
    facts = manifest.facts
    if not facts["coverage"]:
        yield f"The embeddings, {facts['width']} wide, start at random.\n"
        return
    shares = [(side, f"{share:.1%}") for side, share in facts["coverage"].items()]
    yield table(("", "tokens with a vector"), shares, (1,))
    yield from _vector_files(facts.get("files", {}))
    yield f"Each vector has {facts['width']} numbers. The share is of the tokens of the training text.\n"
    yield "### Nearest neighbors of frequent words\n"
    rows = [
        (side, text(word), ", ".join(map(text, nearest)))
        for side, words in facts["neighbors"].items()
        for word, nearest in words.items()
    ]
    yield table(("", "word", "nearest by cosine"), rows)


def _vector_files(files: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield how many rows were read of each file of vectors, with its warnings."""
    for side, tally in files.items():
        notes = "".join(f"\n- {text(note)}" for note in tally["notes"])
        yield f"The file of the {side} has {tally['rows']:,} rows.{notes}\n"


def dataset_page(manifest: Manifest) -> Iterator[str]:
    """Yield the tokens by split and side, and the length limit of an answer."""
    facts = manifest.facts
    rows = [(*part.split("."), f"{count:,}", facts["mean_length"][part]) for part, count in facts["tokens"].items()]
    yield table(("split", "side", "tokens", "mean tokens a text"), rows, (2, 3))
    limit = facts.get("length_limit")
    if limit:
        yield f"An answer to S tokens may have {limit['slope']:.3g} S + {limit['base']:.3g} tokens.\n"
