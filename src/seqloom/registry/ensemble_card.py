"""The members of an ensemble, in its lineage and its card."""

from collections.abc import Iterator, Mapping

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.pinned_version import pin_version
from seqloom.recipe.schema import Recipe
from seqloom.recipe.sections.source_section import places_of
from seqloom.registry.lineage import MEMBERS
from seqloom.reports.ensemble_summary import MEMBER_COLUMNS, Facts, ensemble_privacy_rows, member_rows


def members_lineage(ensemble: Manifest | None) -> dict[str, str]:
    """Return the members as an item of a version's lineage; nothing of a version that was trained."""
    if ensemble is None:
        return {}
    return {MEMBERS: " ".join(pin_version(each["model"], each["digest"]) for each in ensemble.facts["members"])}


def pinned_members(lineage: Mapping[str, str]) -> list[str]:
    """Return the members of an ensemble by its lineage, each with its digest; none of another version."""
    return lineage.get(MEMBERS, "").split()


def training_lines(recipe: Recipe, ensemble: Facts, vocabulary: Facts) -> Iterator[str]:
    """Yield the lines of the card on what its members learned from."""
    yield "Nothing was trained for it: at every token it averages the probabilities of these versions."
    yield ""
    yield f"| {' | '.join(MEMBER_COLUMNS)} |"
    yield "| --- " + "| ---: " * (len(MEMBER_COLUMNS) - 1) + "|"
    for name, *cells in member_rows(ensemble):
        yield f"| `{name}` | {' | '.join(cells)} |"
    yield ""
    yield f"- text of the first: {', '.join(f'`{place}`' for place in places_of(recipe.corpus, 'train'))}"
    if len({each["corpus"] for each in ensemble["members"]}) > 1:
        yield "- its test rows are those of the first; they were looked for in the training text of all members"
    sizes = vocabulary["size"]
    yield f"- vocabulary: {recipe.vocabulary.kind}, {sizes['source']:,} source and {sizes['target']:,} target tokens"
    yield from (f"- {name}: {value}" for name, value in ensemble_privacy_rows(ensemble))
