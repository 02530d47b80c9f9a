"""Section on text learned by heart: training targets that the model writes for other sources, and exposed canaries."""

from collections.abc import Iterator, Mapping
from typing import Any

from seqloom.evaluation.exposure_summary import describe_exposure
from seqloom.reports.html_page import Cell, Markup, details, of_corpus, paragraph, section, table
from seqloom.reports.svg_drawings import bar


def memorization_section(scores: Mapping[str, Any]) -> Iterator[tuple[str, Markup]]:
    """Yield the section, where one of both was measured."""
    parts = [*_copied(scores.get("memorization", {})), *_exposed(scores.get("exposure", {}))]
    if parts:
        yield section("Memorization", *parts)


def _copied(found: Mapping[str, Any]) -> Iterator[Markup]:
    if not found:
        return
    yield paragraph(
        f"{found['copied']:,} of the {found['rows']:,} answers to sources that are not in the training text are a "
        f"training target of at least {found['characters']} characters, word for word, and not the reference."
    )
    listed = [[Cell(of_corpus(each["source"])), Cell(of_corpus(each["answer"]))] for each in found["listed"]]
    if listed:
        yield details("the first of them", table(["source", "answer, as in training"], listed))


def _exposed(found: Mapping[str, Any]) -> Iterator[Markup]:
    if not found:
        return
    yield paragraph(describe_exposure(found))
    rows = [
        [each["prompt"], f"{each['rank']:g}", f"{each['exposure']:.1f}", Cell(bar(each["exposure"] / found["bits"]))]
        for each in sorted(found["canaries"], key=lambda each: -float(each["exposure"]))
    ]
    yield details("each canary", table(["canary", "rank", "bits", ""], rows, (1, 2)))
