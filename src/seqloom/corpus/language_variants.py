"""Match the language codes of a file loosely: `en` finds `en-US`, `zh-CN` finds `zh-Hans`."""

from collections.abc import Sequence

from seqloom.recipe.language_tags import Language, language_of


def closest(wanted: str, found: Sequence[str]) -> list[int]:
    """Return the indices of the codes in `found` that are the language `wanted`, as closely as any is.

    The same tag comes first, then the same language and script where one of both names no region, then, for a wanted
    code without script and region, the language in any script.
    """
    ranks = [_distance(wanted, code) for code in found]
    best = min((rank for rank in ranks if rank), default=0)
    return [index for index, rank in enumerate(ranks) if best and rank == best]


def distinct(codes: Sequence[str]) -> list[str]:
    """Return the first code of each language and script, in order."""
    seen: dict[tuple[str, str], str] = {}
    for code in codes:
        language = language_of(code)
        seen.setdefault((language.code, language.script) if language else (code.lower(), ""), code)
    return [*seen.values()]


def without_region(code: str) -> str:
    """Return the code of a language and its script, for any region."""
    language = language_of(code)
    return "-".join(filter(None, (language.code, language.script))) if language else code


def _distance(wanted: str, code: str) -> int:
    """Return how far two codes are apart: 1 the same, 2 or 3 loosely; 0 if they are different languages."""
    one, other = language_of(wanted), language_of(code)
    if one is None or other is None:
        return int(wanted.casefold() == code.casefold())
    if one.tag == other.tag:
        return 1
    if one.code != other.code:
        return 0
    if one.script == other.script:
        return 0 if _region(one) and _region(other) and _region(one) != _region(other) else 2
    return 3 if one.tag == one.code else 0


def _region(language: Language) -> str:
    last = language.tag.rpartition("-")[2]
    return last if last.isupper() or last.isdigit() else ""
