"""Read pairs from translation memories in TMX, of any version.

A unit (tu) has a variant (tuv) for each language; the recipe's languages choose two of them.
https://www.gala-global.org/tmx-14b
"""

from collections.abc import Iterator
from itertools import islice

from seqloom.corpus.inline_tags import InlineTags
from seqloom.corpus.language_variants import closest, distinct, without_region
from seqloom.corpus.pairs import MALFORMED, RawPair, Unreadable
from seqloom.corpus.sources import SourceFile
from seqloom.corpus.xml_stream import Element, stream_elements, unusable
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection

MISSING_LANGUAGE = "missing language"
_SHOWN = 12  # languages in a sentence
Variant = tuple[str, Element]
"""Language code and segment."""


def read_tmx(file: SourceFile, section: CorpusSection) -> Iterator[RawPair | Unreadable]:
    """Yield the pairs of each unit: its source variant with each target variant.

    A unit without one of the languages is a reject. Languages that the recipe leaves open are those of a file that has
    two, the source that of its header; such a file is read twice.

    Raises:
        UserError: the file is malformed, or holds other languages.
    """
    source, target = section.source_language, section.target_language
    if not (source and target):
        source, target = _two_languages(file, source, target)
    seen: dict[str, None] = {}
    found = False
    for unit in _units(file):
        variants = _variants(unit)
        codes = [code for code, _ in variants]
        seen.update(dict.fromkeys(codes))
        sources, targets = ([variants[index] for index in closest(wanted, codes)] for wanted in (source, target))
        found = found or bool(sources and targets)
        yield from _pairs(file, unit, sources, targets, section.inline_tags == "keep")
    if seen and not found:
        raise UserError(
            f"{file.location}: no unit has both {source} and {target}, as it is in {_listed(distinct([*seen]))}; "
            "correct corpus.source_language and corpus.target_language"
        )


def sample_tmx(file: SourceFile, units: int) -> dict[str, list[str]]:
    """Return the texts of the first `units` units by language, the header's source language first.

    Raises:
        UserError: the file is malformed.
    """
    texts: dict[str, list[str]] = {}
    for element in islice(stream_elements(file, "tmx", ("tu",), ("header",)), units):
        if element.name == "header":
            texts |= {element.attributes[name]: [] for name in ("srclang",) if name in element.attributes}
        for code, segment in _variants(element):
            texts.setdefault(code, []).append(InlineTags(kept=False).text(segment))
    return {code: found for code, found in texts.items() if found}


def _units(file: SourceFile) -> Iterator[Element]:
    return stream_elements(file, "tmx", ("tu",), ())


def _variants(unit: Element) -> list[Variant]:
    """Return the variants of a unit that have a segment."""
    return [
        (variant.attributes.get("xml:lang") or variant.attributes.get("lang", ""), segment)
        for variant in unit.elements("tuv")
        if (segment := variant.first("seg"))
    ]


def _pairs(
    file: SourceFile, unit: Element, sources: list[Variant], targets: list[Variant], kept: bool
) -> Iterator[RawPair | Unreadable]:
    if not sources or not targets:
        source, translation = (InlineTags(kept).text(side[0][1]) if side else "" for side in (sources, targets))
        if problem := unusable(source + translation):
            yield Unreadable(*problem, file.location, unit.line, source + translation)
        elif unit.elements("tuv"):
            yield RawPair(source, translation, unit.line, flaw=MISSING_LANGUAGE)
        else:
            yield Unreadable(MALFORMED, "a tu without a tuv; remove it", file.location, unit.line, "")
        return
    for _, target in targets:
        tags = InlineTags(kept)
        source, translation = tags.text(sources[0][1]), tags.text(target)
        if problem := unusable(source + translation):
            yield Unreadable(*problem, file.location, unit.line, f"{source} {translation}")
        else:
            yield RawPair(source, translation, unit.line)


def _two_languages(file: SourceFile, source: str, target: str) -> tuple[str, str]:
    """Return source and target language of a file with exactly two, of which one may be given.

    Raises:
        UserError: it has another number of languages, or not the given one.
    """
    header, seen = "", dict[str, None]()
    for element in stream_elements(file, "tmx", ("tu",), ("header",)):
        header = element.attributes.get("srclang", "") if element.name == "header" else header
        seen.update(dict.fromkeys(code for code, _ in _variants(element)))
    if not seen:
        return source or "und", target or "und"  # an empty memory
    codes = [*seen] if len(seen) == 2 else [*map(without_region, distinct([*seen]))]
    if source or target:
        given = closest(source or target, codes)
        rest = distinct([code for index, code in enumerate(codes) if index not in given])
        if given and len(rest) == 1:
            return (source, rest[0]) if source else (rest[0], target)
    elif len(codes) == 2:
        first = next(iter(closest(header, codes)), 0)
        return codes[first], codes[1 - first]
    sides = [f"corpus.{side}_language" for side, said in (("source", source), ("target", target)) if not said]
    beside = f" beside {source or target}" if source or target else ""
    raise UserError(
        f"{file.location}: is in {_listed([*seen])}, and what is meant{beside} is not said; set {' and '.join(sides)}"
    )


def _listed(codes: list[str]) -> str:
    return ", ".join(code[:20] or "no language" for code in codes[:_SHOWN]) + (", …" if len(codes) > _SHOWN else "")
