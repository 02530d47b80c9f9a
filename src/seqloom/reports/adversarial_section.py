"""The rows whose answers a small edit of their source hurts most, with differences by word."""

from collections.abc import Iterator, Mapping
from typing import Any

from seqloom.evaluation.adversarial_summary import describe_adversarial
from seqloom.recipe.application import Application
from seqloom.reports.html_page import Markup, of_corpus, paragraph, section, tag, text
from seqloom.reports.word_differences import difference

_LONGEST = 600  # characters of a text


def adversarial_section(scores: Mapping[str, Any], kind: Application) -> Iterator[tuple[str, Markup]]:
    """Yield the section, if such a search was made."""
    found = scores.get("adversarial")
    if not found:
        return
    parts = [
        paragraph(describe_adversarial(found, kind.acceptable_words)),
        paragraph("Underlined: what the edit brings; struck out: what it takes away.", "faint"),
    ]
    yield section("Adversarial edits", *parts, *map(_row, found["listed"]))


def _row(each: Mapping[str, Any]) -> Markup:
    source, edited, reference, before, after = (
        str(each[name])[:_LONGEST] for name in ("source", "edited", "reference", "answer", "edited_answer")
    )
    lines = [
        ("source", difference(source, edited)),
        ("reference", of_corpus(reference)),
        ("answer", difference(before, after) if after.strip() else tag("del", text(before))),
    ]
    return tag(
        "div", *(tag("p", tag("span", text(name), class_="key"), shown) for name, shown in lines), class_="example"
    )
