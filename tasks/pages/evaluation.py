"""The evaluation: scores beside the baselines, pictures, and texts to judge by eye."""

from collections.abc import Iterator, Mapping, Sequence

from seqloom.artifact.manifest import Manifest
from seqloom.evaluation.files import FIGURES_FOLDER
from tasks.pages.markdown import image, lines, table
from tasks.pages.scores import scores_table

_PICTURES = {"scores.png": "scores", "chrf_by_length.png": "chrF by length", "lengths.png": "lengths of the answers"}


def sections(manifest: Manifest) -> Iterator[str]:
    """Scores and signatures, examples, pictures."""
    facts = manifest.facts
    yield scores_table(facts["metrics"], "this model", {})
    yield f"On {facts['rows']:,} test pairs; {facts['sentences_per_second']:,.1f} sentences decoded a second.\n"
    yield examples(facts["examples"])
    for name, what in _PICTURES.items():
        picture = manifest.path / FIGURES_FOLDER / name
        if picture.is_file():
            yield image(picture, what)
    yield "### Signatures\n\nSo that another team can repeat the scores.\n"
    yield table(("score", "sacreBLEU"), ((name, f"`{value}`") for name, value in facts["signatures"].items()))


def examples(rows: Sequence[Mapping[str, str]]) -> str:
    """What went in, what a person wrote and what the model wrote."""
    if not rows:
        return ""
    return f"### Held-out examples\n\n{lines(rows)}"
