"""Report on a recipe's data in the terminal: rows, lengths, rejects, unknown tokens, expected training time."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from seqloom.corpus import SPLITS
from seqloom.corpus.corpus_statistics import encodings_in_words
from seqloom.corpus.personal_data import replaced_in_words
from seqloom.registry.preflight import Checked
from seqloom.vocabulary.unknown_tokens import unknown_warning


def show_data(console: Console, checked: Checked) -> None:
    """Print the tables, and the lines below them."""
    for table in (_splits(checked.corpus), _lengths(checked.corpus)):
        console.print(table)
        console.print()
    if "sources" in checked.corpus:
        console.print(_sources(checked))
        console.print()
    if checked.corpus["rejected"]:
        console.print(_rejects(checked.corpus))
        console.print()
    for line in (*_lines(checked), *_training(checked)):
        console.print(line, soft_wrap=True)
    console.print()


def _splits(facts: Mapping[str, Any]) -> Table:
    rejected = f"{sum(facts['rejected'].values()):,}" if facts["rejected"] else "none"
    title = f"Rows: {facts['read']:,} read, {rejected} rejected"
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2))
    table.add_column("split")
    for column in ("rows", "share"):
        table.add_column(column, justify="right")
    used = sum(facts["rows"].values())
    for split, rows in facts["rows"].items():
        table.add_row(split, f"{rows:,}", f"{rows / used:.1%}")
    return table


def _sources(checked: Checked) -> Table:
    weights = {each.name: each.weight for each in checked.adapted.recipe.corpus.sources}
    table = Table(title="Rows by source of the training text", title_justify="left", box=None, padding=(0, 2))
    table.add_column("source", overflow="fold")
    for column in ("read", "rejected", *SPLITS, "weight"):
        table.add_column(column, justify="right")
    for name, counts in checked.corpus["sources"].items():
        rejected = sum(counts["rejected"].values())
        rows = (f"{counts['rows'][split]:,}" for split in SPLITS)
        table.add_row(name, f"{counts['read']:,}", f"{rejected:,}", *rows, f"{weights.get(name, 1):g}")
    return table


def _lengths(facts: Mapping[str, Any]) -> Table:
    table = Table(title="Characters of a training row", title_justify="left", box=None, padding=(0, 2))
    table.add_column("side")
    for column in ("mean", "half have at most", "95 % have at most", "longest"):
        table.add_column(column, justify="right")
    for side, quantiles in facts["lengths"].items():
        mean = facts["characters"]["train"][side]
        table.add_row(side, f"{mean:,}", *(f"{length:,}" for length in quantiles.values()))
    return table


def _rejects(facts: Mapping[str, Any]) -> Table:
    counts, first = facts["rejected"], facts["rejects"]
    table = Table(title=f"Rejected: {sum(counts.values()):,}", title_justify="left", box=None, padding=(0, 2))
    for column, justify in (("reason", "left"), ("rows", "right"), ("share", "right"), ("first", "left")):
        table.add_column(column, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for reason, count in sorted(counts.items(), key=lambda pair: -pair[1]):
        where = f"{first[reason]['file']} line {first[reason]['line']}"
        problem = first[reason].get("problem")
        cell = f"{where}: {problem}" if problem else where
        table.add_row(reason, f"{count:,}", f"{count / facts['read']:.1%}", Text(cell))
    return table


def _lines(checked: Checked) -> Iterator[Text]:
    facts = checked.corpus
    nearly = facts.get("also_in_training", {})
    if any(nearly.values()):
        listed = " and ".join(f"{share:.1%} of the {split} rows" for split, share in nearly.items())
        yield Text(f"{listed} have a source that stands in training, but for case, spaces and punctuation.")
    if facts.get("normalized"):
        changed = ", ".join(f"{name} {of['rows']:,}" for name, of in facts["normalized"].items())
        yield Text(f"Rows that a normalizer changed: {changed}.")
    if facts.get("encodings"):
        yield Text(f"Encodings guessed: {encodings_in_words(facts['encodings'])}.")
    if facts.get("replaced"):
        yield Text(f"Personal data replaced: {replaced_in_words(facts['replaced'])}.")
    unknown = " and ".join(f"{share:.1%} of the {side}" for side, share in checked.coming.unknown.items())
    yield Text(f"Unknown to the vocabulary: {unknown} tokens of the validation rows.")
    if warning := unknown_warning(checked.coming.unknown):
        yield Text.assemble(("! ", "yellow"), f"{warning}.")


def _training(checked: Checked) -> Iterator[Text]:
    """Yield the adaptive defaults, and the expected updates and, where they were timed, minutes."""
    if checked.adapted.reason:
        yield Text(f"What the recipe leaves out is chosen for {checked.adapted.reason}.")
    coming = checked.coming
    if teaching := checked.teaching:
        asking = "" if teaching.seconds is None else f", about {max(1, round(teaching.seconds / 60)):,} min"
        yield Text(f"To ask {teaching.teacher}: {teaching.texts:,} texts{asking}; what it answered before is known.")
        yield Text("What is told of the training does not count the pairs that come of them.")
    if coming.done:
        return
    duration = ""
    if coming.seconds is not None:
        minutes = max(1, round(coming.seconds / 60))
        duration = f", which take about {minutes:,} min as busy as this machine is now"
    yield Text(f"To train: {coming.updates:,} updates{duration}; fewer if patience ends them before.")
