"""Read pairs from XLIFF 1.x (with the variants of SDL, Memsource and memoQ) and XLIFF 2.x.

http://docs.oasis-open.org/xliff/v1.2/os/xliff-core.html
http://docs.oasis-open.org/xliff/xliff-core/v2.1/xliff-core-v2.1.html
"""

from collections.abc import Iterator
from dataclasses import dataclass

from seqloom.corpus.inline_tags import InlineTags
from seqloom.corpus.language_variants import closest
from seqloom.corpus.pairs import MALFORMED, NOT_FINISHED, UNTRANSLATED, RawPair, Unreadable
from seqloom.corpus.sources import SourceFile
from seqloom.corpus.xml_stream import Element, stream_elements, unusable
from seqloom.errors import UserError
from seqloom.recipe.schema import CorpusSection

NOT_TRANSLATABLE = "not to be translated"
OTHER_LANGUAGE = "other language"
_UNTRANSLATED = ("new", "needs-translation")  # states of XLIFF 1.2; its others that begin with needs- are unfinished
_INITIAL = "initial"  # state of XLIFF 2, where a tool says it


@dataclass(frozen=True)
class _Segment:
    """Both sides of a unit, or of a segment in it."""

    line: int
    source: Element
    target: Element | None
    state: str
    translatable: bool


def read_xliff(file: SourceFile, section: CorpusSection) -> Iterator[RawPair | Unreadable]:
    """Yield the pair of each unit, or of its segments; target and source where the recipe wants them the other way.

    Untranslated and unfinished units, and those of other languages, are rejects. Proposals (alt-trans) and notes are
    not read.

    Raises:
        UserError: the file is malformed, or of other languages.
    """
    document, languages = ("", ""), ("", "")
    others, fits, swapped, found = dict[tuple[str, str], None](), True, False, False
    for element in stream_elements(file, "xliff", ("trans-unit", "unit"), ("xliff", "file")):
        if element.name in ("xliff", "file"):
            languages = _languages(element, document)
            document = languages if element.name == "xliff" else document
            fits, swapped = _orientation(section, languages)
            continue
        found = found or fits
        others.update({} if fits else {languages: None})
        segments = _segments(element)
        if not segments:
            yield Unreadable(MALFORMED, "a unit without a source; remove it", file.location, element.line, "")
        for segment in segments:
            yield _pair(file, segment, section, swapped, "" if fits else OTHER_LANGUAGE)
    if others and not found:
        held = ", ".join(f"{source or '?'} to {target or '?'}" for source, target in others)
        wanted = f"{section.source_language or '?'} to {section.target_language or '?'}"
        raise UserError(
            f"{file.location}: is {held[:200]}, and the recipe says {wanted}; correct corpus.source_language and "
            "corpus.target_language, or name other files"
        )


def xliff_languages(file: SourceFile) -> tuple[str, str]:
    """Return source and target language of the first part of a file; empty where it does not say them.

    Raises:
        UserError: the file is malformed.
    """
    languages = ("", "")
    for element in stream_elements(file, "xliff", ("trans-unit", "unit"), ("xliff", "file")):
        if element.name not in ("xliff", "file") or (languages[0] and languages[1]):
            break
        languages = _languages(element, languages)
    return languages


def _languages(element: Element, before: tuple[str, str]) -> tuple[str, str]:
    """Return the languages that an element says: srcLang of xliff (2.x), source-language of file (1.x)."""
    said = element.attributes
    return (
        said.get("source-language") or said.get("srcLang") or before[0],
        said.get("target-language") or said.get("trgLang") or before[1],
    )


def _orientation(section: CorpusSection, languages: tuple[str, str]) -> tuple[bool, bool]:
    """Return whether the languages are those of the recipe, and whether the other way round."""
    wanted = (section.source_language, section.target_language)
    for swapped in (False, True):
        held = languages[::-1] if swapped else languages
        if all(not one or not other or closest(one, [other]) for one, other in zip(wanted, held, strict=True)):
            return True, swapped
    return False, False


def _segments(unit: Element) -> list[_Segment]:
    translatable = unit.attributes.get("translate") != "no"
    if unit.name == "unit":
        return [
            _Segment(part.line, source, part.first("target"), part.attributes.get("state", ""), translatable)
            for part in unit.elements("segment")
            if (source := part.first("source"))
        ]
    source, target = unit.first("source"), unit.first("target")
    if source is None:
        return []
    state = target.attributes.get("state", "") if target else ""
    segmented = unit.first("seg-source")
    marked, translated = (_marked(side) if side else {} for side in (segmented, target))
    if marked and marked.keys() == translated.keys():
        return [_Segment(part.line, part, translated[name], state, translatable) for name, part in marked.items()]
    return [_Segment(unit.line, source, target, state, translatable)]


def _marked(side: Element) -> dict[str, Element]:
    """Return the segments that are marked in a side, by their ids, also within tags."""
    found: dict[str, Element] = {}
    for child in side.children:
        if isinstance(child, Element):
            segment = child.name == "mrk" and child.attributes.get("mtype") == "seg"
            found |= {child.attributes.get("mid", ""): child} if segment else _marked(child)
    return found


def _pair(
    file: SourceFile, segment: _Segment, section: CorpusSection, swapped: bool, flaw: str
) -> RawPair | Unreadable:
    tags = InlineTags(section.inline_tags == "keep")
    source = tags.text(segment.source)
    target = tags.text(segment.target) if segment.target else ""
    if problem := unusable(source + target):
        return Unreadable(*problem, file.location, segment.line, f"{source} {target}")
    if not segment.translatable:
        flaw = flaw or NOT_TRANSLATABLE
    elif not target.strip() or segment.state in _UNTRANSLATED:
        flaw = flaw or UNTRANSLATED
    elif (segment.state.startswith("needs-") or segment.state == _INITIAL) and not section.fuzzy:
        flaw = flaw or NOT_FINISHED
    sides = (target, source) if swapped else (source, target)
    return RawPair(*sides, segment.line, flaw=flaw)
