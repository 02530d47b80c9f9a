"""The filters of a recipe, one behind the other: each sees the pairs that those before it kept."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Self

import numpy as np

from seqloom.corpus.duplicate_filters import OF_DUPLICATES
from seqloom.corpus.filters.alignment_score import AlignmentScore
from seqloom.corpus.filters.forbidden_text import NoPattern, NoWords, read_words
from seqloom.corpus.filters.language_identification import LanguageMatch, codes_of
from seqloom.corpus.filters.pair_filter import PairColumns, PairFilter, TextPair
from seqloom.corpus.filters.side_comparison import LengthRatio, NoCopy, NumbersMatch, UrlsMatch
from seqloom.corpus.filters.text_quality import (
    LetterShare,
    MaxWords,
    MinCharacters,
    NoHtml,
    NoInvisibleCharacters,
    RepeatedNgrams,
    ScriptShare,
)
from seqloom.corpus.word_alignment import WordAlignment
from seqloom.recipe.filter_expressions import FilterExpression, parse_filters
from seqloom.recipe.language_tags import language_of
from seqloom.recipe.schema import CorpusSection
from seqloom.recipe.sections.source_section import section_of_source, source_names


class Drop(NamedTuple):
    """Why a pair is dropped: the filter, as the recipe writes it, and what was measured."""

    filter: str
    problem: str


class FilterChain:
    """The filters of a recipe that look at one pair alone, in its order."""

    def __init__(self, filters: Sequence[tuple[str, PairFilter]]) -> None:
        self.filters = filters

    @classmethod
    def of(cls, section: CorpusSection, alignment: WordAlignment | None = None) -> Self:
        """Build the filters of a recipe; the filter `alignment` needs the model.

        Raises:
            UserError: the file of a word list cannot be read.
        """
        expressions = [each for each in parse_filters(section.filters) if each.name not in OF_DUPLICATES]
        return cls([(str(each), build_filter(each, section, alignment)) for each in expressions])

    @classmethod
    def by_source(cls, section: CorpusSection, alignment: WordAlignment | None = None) -> dict[str, Self]:
        """Build the filters for each source of a recipe, which may have languages of its own."""
        return {name: cls.of(section_of_source(section, name), alignment) for name in source_names(section)}

    def drops(self, pairs: Sequence[TextPair]) -> list[Drop | None]:
        """Return for each pair why it is dropped; None if it is kept."""
        found: list[Drop | None] = [None] * len(pairs)
        columns = PairColumns(pairs)
        for name, each in self.filters:
            for at in np.flatnonzero(each.suspects(columns)).tolist():
                if found[at] is None and (problem := each.problem(pairs[at])):
                    found[at] = Drop(name, problem)
        return found


_Builder = Callable[[FilterExpression, CorpusSection], PairFilter]
_BUILDERS: dict[str, _Builder] = {
    "length_ratio": lambda each, _: LengthRatio(each.number),
    "characters": lambda each, _: MinCharacters(each.sides, each.number),
    "words": lambda each, _: MaxWords(each.sides, each.number),
    "letter_share": lambda each, _: LetterShare(each.sides, each.number),
    "script_share": lambda each, section: ScriptShare(each.sides, each.number, _scripts(each, section)),
    "language": lambda each, section: LanguageMatch(each.sides, _languages(each, section), each.number),
    "repeated_ngrams": lambda each, _: RepeatedNgrams(each.sides, each.number),
    "no_copy": lambda *_: NoCopy(),
    "no_html": lambda each, _: NoHtml(each.sides),
    "no_invisible_characters": lambda each, _: NoInvisibleCharacters(each.sides),
    "numbers_match": lambda each, _: NumbersMatch(each.number),
    "urls_match": lambda *_: UrlsMatch(),
    "no_pattern": lambda each, _: NoPattern(each.sides, each.argument),
    "no_words": lambda each, _: NoWords(each.sides, *read_words(each.argument)),
}


def build_filter(
    expression: FilterExpression, section: CorpusSection, alignment: WordAlignment | None = None
) -> PairFilter:
    """Return the filter that an expression describes."""
    if expression.name == "alignment":
        assert alignment, "it is learned before rows are filtered"
        return AlignmentScore(expression.number, alignment)
    return _BUILDERS[expression.name](expression, section)


def _languages(expression: FilterExpression, section: CorpusSection) -> tuple[frozenset[str], ...]:
    fields = (f"{side}_language" for side in expression.sides)
    return tuple(codes_of(getattr(section, field), f"corpus.{field}") for field in fields)


def _scripts(expression: FilterExpression, section: CorpusSection) -> tuple[str, ...]:
    """Return the script of each side that is looked at: the one named, else that of its language."""
    if expression.argument:
        return (expression.argument,) * len(expression.sides)
    languages = (language_of(getattr(section, f"{side}_language")) for side in expression.sides)
    return tuple(language.script if language else "" for language in languages)
