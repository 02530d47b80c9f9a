"""The page of one answer: which tokens of the source it is from."""

from typing import TYPE_CHECKING

from seqloom.reports.html_page import of_corpus, page, paragraph, section, tag, text
from seqloom.reports.svg_drawings import highlighted, token_map

if TYPE_CHECKING:
    from seqloom.decoding.explanation import Explanation


def answer_report(model: str, asked: str, found: "Explanation") -> str:
    """Return the page: text and answer, the weight of each source token, and of each pair of tokens."""
    own = "answer" if found.known is None else "the model alone"
    head = [
        tag("p", tag("span", text("text"), class_="key"), of_corpus(asked)),
        tag("p", tag("span", text(own), class_="key"), of_corpus(found.answer)),
    ]
    if found.known is not None:
        head.append(tag("p", tag("span", text("memory or rules, first"), class_="key"), of_corpus(found.known)))
    whole = section(
        "What the answer is from",
        paragraph(f"By {found.method}: blue speaks for the answer" + (", red against it." if _signed(found) else ".")),
        highlighted(found.source, found.by_token),
    )
    if found.is_label:
        return page(f"Why {model} answers so", head, [whole])
    each = section(
        "Token by token",
        paragraph("A row for each token of the answer, a column for each of the text; darker is more."),
        token_map(found.source, found.target, found.weights),
    )
    return page(f"Why {model} answers so", head, [whole, each])


def _signed(found: "Explanation") -> bool:
    return any(weight < 0 for row in found.weights for weight in row)
