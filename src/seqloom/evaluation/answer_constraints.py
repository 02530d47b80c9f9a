"""Shares of what answers had to hold: terms of the glossary, and spans that are carried over."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from seqloom.recipe.glossary import read_glossary, terms_in
from seqloom.recipe.metric import KEPT_PLACES

if TYPE_CHECKING:
    from seqloom.evaluation.applications.evaluator import Replies
    from seqloom.recipe.schema import DecodingSection

CONSTRAINTS = "constraints"  # field of an evaluation's facts
TERMS_HONORED, CARRIED_OVER = "terms_honored", "carried_over"  # metrics, and columns of the answers


def constraint_shares(
    sources: Sequence[str], replies: "Replies", decoding: "DecodingSection"
) -> dict[str, dict[str, Any]]:
    """Return the share of terms that answers use and of texts whose spans they keep, each with what it counts.

    Counted are rows that have terms or spans. An answer that was put together from parts does not keep its spans: it
    holds them, but the model did not write it. What was not asked for, or no row has, is left out.
    """
    found: dict[str, dict[str, Any]] = {}
    glossary = read_glossary(decoding.glossary)
    terms = [len(terms_in(source, glossary)) for source in sources]
    if sum(terms) and TERMS_HONORED in replies:
        used = sum(count * share for count, share in zip(terms, replies[TERMS_HONORED], strict=True))
        found[TERMS_HONORED] = {
            "share": round(used / sum(terms), KEPT_PLACES),
            "rows": sum(count > 0 for count in terms),
            "terms": sum(terms),
        }
    carried = [each for each in replies.get(CARRIED_OVER, ()) if each != "none"]
    if carried:
        split = carried.count("split")
        share = round(1 - split / len(carried), KEPT_PLACES)
        found[CARRIED_OVER] = {"share": share, "rows": len(carried), "split": split}
    return found


def describe_constraints(found: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return a sentence for each share."""
    sentences = []
    if terms := found.get(TERMS_HONORED):
        sentences.append(
            f"{terms['share']:.1%} of the {terms['terms']:,} glossary terms in {terms['rows']:,} rows are honored."
        )
    if spans := found.get(CARRIED_OVER):
        sentences.append(
            f"{spans['share']:.1%} of the {spans['rows']:,} rows with protected text carry it over; in the others "
            f"({spans['split']:,}) the answer was put together around it."
        )
    return sentences
