"""The evaluation: scores beside the baselines, pictures, and texts to judge by eye."""

from collections.abc import Iterator, Mapping, Sequence

from seqloom.artifact.manifest import Manifest
from seqloom.evaluation.evaluation_files import FIGURES_FOLDER
from seqloom.recipe.applications import application_of
from tasks.pages.markdown import image, lines, table, text
from tasks.pages.score_table import scores_table

LABELS_SHOWN = 12


def sections(manifest: Manifest) -> Iterator[str]:
    """Scores and signatures, examples, pictures."""
    facts = manifest.facts
    kind = application_of(facts["task"])
    yield scores_table(kind.name, facts["metrics"], "this model", {})
    yield f"On {facts['rows']:,} test {kind.rows}; {facts['sentences_per_second']:,.1f} sentences decoded a second.\n"
    if facts.get("truncated"):
        yield f"{facts['truncated']:,} answers reached the limit of their length before they ended.\n"
    for name, bounds in facts.get("baseline_bounds", {}).items():
        yield f"The {kind.baselines[name]} was learned from {bounds}.\n"
    yield examples(facts["examples"])
    if "confusion" in facts:
        yield confusion(facts["confusion"]["labels"], facts["confusion"]["rows"])
    for name, what in kind.plots.items():
        picture = manifest.path / FIGURES_FOLDER / name
        if picture.is_file():
            yield image(picture, what)
    yield "### Signatures\n\nSo that another team can repeat the scores.\n"
    yield table(("score", "how"), ((name, f"`{value}`") for name, value in facts["signatures"].items()))


def confusion(labels: Sequence[str], rows: Sequence[Sequence[int]]) -> str:
    """How often each reference was given each label; of many labels the first."""
    shown = labels[:LABELS_SHOWN]
    cells = [
        (text(label), *(f"{count:,}" for count in row[:LABELS_SHOWN])) for label, row in zip(shown, rows, strict=False)
    ]
    columns = ("reference, and what it was given", *map(text, shown))
    return f"### Which label is taken for which\n\n{table(columns, cells, range(1, len(columns)))}"


def examples(rows: Sequence[Mapping[str, str]]) -> str:
    """How good it is among all, what went in, what a person wrote and what the model wrote."""
    if not rows:
        return ""
    return f"### Held-out examples, from the best to the worst\n\n{lines(rows)}"
