"""What the card of an ensemble says of its members, and of what they cost together."""

from collections.abc import Iterator, Mapping
from typing import Any

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.schema import Recipe
from seqloom.recipe.sections.source_section import places_of
from seqloom.reports.privacy_summary import FACTS

MEMBERS = "members"  # in the lineage: the versions, pinned, with spaces between them
Facts = Mapping[str, Any]


def members_lineage(ensemble: Manifest | None) -> dict[str, str]:
    """Return the members as an item of a version's lineage; nothing of a version that was trained."""
    if ensemble is None:
        return {}
    return {MEMBERS: " ".join(f"{each['model']}#sha256={each['digest']}" for each in ensemble.facts["members"])}


def pinned_members(lineage: Mapping[str, str]) -> list[str]:
    """Return the members of an ensemble by its lineage, each with its digest; none of another version."""
    return lineage.get(MEMBERS, "").split()


def training_lines(recipe: Recipe, ensemble: Facts, vocabulary: Facts) -> Iterator[str]:
    """Yield the lines of the card on what its members learned from."""
    yield "Nothing was trained for it: at every token it averages the probabilities of these versions."
    yield ""
    yield "| member | training rows | parameters | MB |"
    yield "| --- | ---: | ---: | ---: |"
    for each in ensemble["members"]:
        yield f"| `{each['model']}` | {each['rows']:,} | {each['parameters']:,} | {each['megabytes']:,.1f} |"
    yield ""
    yield f"- text of the first: {', '.join(f'`{place}`' for place in places_of(recipe.corpus, 'train'))}"
    if len({each["corpus"] for each in ensemble["members"]}) > 1:
        yield "- its test rows are those of the first; they were looked for in the training text of all members"
    sizes = vocabulary["size"]
    yield f"- vocabulary: {recipe.vocabulary.kind}, {sizes['source']:,} source and {sizes['target']:,} target tokens"
    yield from (f"- {name}: {value}" for name, value in privacy_lines(ensemble))


def privacy_lines(ensemble: Facts) -> list[tuple[str, str]]:
    """Return name and value of what private trainings of its members promise together; none where there was none."""
    members = {each["digest"]: each for each in ensemble["members"]}.values()  # one that is named twice spent once
    private = [each for each in members if FACTS in each]
    if not private:
        return []
    spent = [(each["model"], each[FACTS]) for each in private]
    others = [each["model"] for each in members if FACTS not in each]
    epsilon, delta = (sum(loss[name] for _, loss in spent) for name in ("epsilon", "delta"))
    together = (
        f"none of the whole, for {', '.join(others)} learned without"
        if others
        else f"epsilon {epsilon:.4g}, delta {delta:.2g}, the sums of its members', for a row that all have learned from"
    )
    alone = (
        f"{model}: epsilon {loss['epsilon']:.4g}, delta {loss['delta']:.2g}"
        + (f", not for the rows of {loss['parent'].partition('#')[0]}" if loss["parent"] else "")
        for model, loss in spent
    )
    return [("differential privacy", together), ("of its members", "; ".join(alone))]


def cost_lines(ensemble: Facts) -> list[tuple[str, str]]:
    """Return name and value of what members cost together: weights, files, and time for one text."""
    members = len(ensemble["members"])
    size = f"{ensemble['parameters']:,} parameters, {ensemble['megabytes']:,.1f} MB"
    lines = [("members", f"{members}, together {size}")]
    if ensemble["latency"]:
        together, first = ensemble["latency"]
        ratio = f"{together / first:.1f} times the {first:,.1f} ms of its first member" if first else ""
        lines.append(("one text, 95 of 100 times", f"{together:,.1f} ms at most, {ratio}"))
    return lines
