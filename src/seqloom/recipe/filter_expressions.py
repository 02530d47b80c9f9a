"""Filter expressions of `corpus.filters`: `length_ratio<=9`, `source.no_html`, `no_pattern:^Page [0-9]+$`.

Each says what a pair is that is kept. The parts are `[source.|target.]NAME[:ARGUMENT][<=NUMBER|>=NUMBER]`; a list of
such texts is a list of text boxes in Prefect's form, where one object a filter would be raw JSON. What is left out is
written out by `str`, so a stored recipe and the stage's key hold every default.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from seqloom.recipe.language_tags import COMBINED_SCRIPTS, language_of
from seqloom.recipe.normalizer_expressions import LONGEST_PATTERN
from seqloom.recipe.rule_names import SIDES, meant_rule, quoted, sides_of

_PARTS = re.compile(r"(?:(?P<side>[a-z]+)\.)?(?P<name>[A-Za-z_]+)(?P<rest>.*)", re.DOTALL)
_BOUND = re.compile(r"(?P<before>.*?)\s*(?P<operator><=|>=|==|=|<|>)\s*(?P<number>[^<>=]*)", re.DOTALL)


@dataclass(frozen=True)
class FilterRule:
    """A filter that a recipe may name, and what it takes."""

    name: str
    operator: str = ""  # <= or >=, before the number; empty: it takes none
    default: float | None = None  # of the number; None: it has to be given
    low: float = 0.0  # limits of the number
    high: float = float("inf")
    argument: str = ""  # what stands behind the colon, in capitals; empty: nothing may
    optional: bool = False  # the argument may be left out
    fixed: tuple[str, ...] = ()  # the sides that it looks at, where the recipe cannot choose

    @property
    def form(self) -> str:
        """Return an example of how it is written."""
        number = "" if not self.operator else f"{self.operator}{1 if self.default is None else self.default:g}"
        return f"{self.name}{f':{self.argument}' if self.argument and not self.optional else ''}{number}"


RULES = {
    rule.name: rule
    for rule in (
        FilterRule("length_ratio", "<=", 9, low=1, fixed=SIDES),
        FilterRule("characters", ">=", low=1),
        FilterRule("words", "<=", low=1),
        FilterRule("letter_share", ">=", 0.4, high=1),
        FilterRule("script_share", ">=", 0.5, high=1, argument="SCRIPT", optional=True),
        FilterRule("language", ">=", 0.05, high=1),
        FilterRule("repeated_ngrams", "<=", 0.5, high=1),
        FilterRule("no_copy", fixed=SIDES),
        FilterRule("no_html"),
        FilterRule("no_invisible_characters"),
        FilterRule("numbers_match", ">=", 1, high=1, fixed=SIDES),
        FilterRule("urls_match", fixed=SIDES),
        FilterRule("alignment", ">=", -0.5, low=-3, high=10, fixed=SIDES),
        FilterRule("no_pattern", argument="REGEX"),
        FilterRule("no_words", argument="FILE"),
        FilterRule("unique_source", fixed=("source",)),
        FilterRule("unique_target", fixed=("target",)),
        FilterRule("boilerplate", "<=", 20, low=1, high=200),
        FilterRule("near_duplicates", "<=", 0.8, low=0.5, high=0.95, fixed=("source",)),
    )
}
"""The filters, by name."""


@dataclass(frozen=True)
class FilterExpression:
    """A filter with its parameters."""

    name: str
    sides: tuple[str, ...] = SIDES  # looked at
    argument: str = ""
    number: float = 0.0

    def __str__(self) -> str:
        rule = RULES[self.name]
        side = f"{self.sides[0]}." if len(self.sides) == 1 and not rule.fixed else ""
        argument = f":{self.argument}" if self.argument else ""
        return f"{side}{self.name}{argument}{f'{rule.operator}{self.number:.12g}' if rule.operator else ''}"


def parse_filter(written: str) -> FilterExpression:
    """Return the filter that an expression describes, its defaults filled in.

    Raises:
        ValueError: there is no such filter, or it is written in another form.
    """
    parts = _PARTS.fullmatch(written.strip())
    if parts is None or parts["name"] not in RULES:
        raise ValueError(f"{quoted(written)} is no filter: {meant_rule(parts['name'] if parts else '', RULES)}")
    rule, side, rest = RULES[parts["name"]], parts["side"], parts["rest"].strip()
    sides = sides_of(written, side, bool(rule.fixed), rule.form)
    rest, number = _split_number(written, rule, rest)
    argument = _argument(written, rule, rest)
    return FilterExpression(rule.name, rule.fixed or sides, argument, number)


def parse_filters(written: Sequence[str]) -> list[FilterExpression]:
    """Return the filters of a recipe, in its order."""
    return [parse_filter(each) for each in written]


def word_lists(written: Sequence[str]) -> list[str]:
    """Return the files that filters read."""
    return [each.argument for each in parse_filters(written) if RULES[each.name].argument == "FILE"]


def filter_errors(filters: Sequence[FilterExpression], languages: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each filter that comes twice, or whose side has no language of a known script."""
    for at, each in enumerate(filters):
        before = [other for other in filters[:at] if each in (other, replace(other, number=each.number))]
        if before:
            yield f"{each} repeats {before[0]}: remove one"
        yield from (_language_problem(each, side, languages[side]) for side in _unknown_sides(each, languages))


def _unknown_sides(filter_: FilterExpression, languages: Mapping[str, str]) -> Iterator[str]:
    """Yield the sides whose language, or its script, a filter needs and does not know."""
    by_script = filter_.name == "script_share" and not filter_.argument
    for side in filter_.sides if by_script or filter_.name == "language" else ():
        language = language_of(languages[side])
        if language is None or (by_script and not is_script(language.script)):
            yield side


def _language_problem(filter_: FilterExpression, side: str, written: str) -> str:
    unknown = f"has no known script ({written})" if written else "is empty"
    by_script = filter_.name == "script_share"
    remedy = f"name the script, as in {side}.script_share:Cyrl" if by_script else "remove the filter"
    return f"{filter_} is about the language, and corpus.{side}_language {unknown}: set it, or {remedy}"


def _split_number(written: str, rule: FilterRule, rest: str) -> tuple[str, float]:
    """Return what stands before the number, and the number."""
    if not rule.operator:
        return rest, 0.0
    bound = _BOUND.fullmatch(rest)
    if bound is None:
        if rule.default is None:
            raise ValueError(f"{quoted(written)}: a number is missing, as in {rule.form}")
        return rest, rule.default
    try:
        number = float(bound["number"])
    except ValueError:
        number = float("nan")
    if bound["operator"] != rule.operator or number != number:
        raise ValueError(f"{quoted(written)}: {rule.name} takes {rule.operator} and a number, as in {rule.form}")
    if not rule.low <= number <= rule.high or number == float("inf"):
        limits = f"{rule.low:g} or more" if rule.high == float("inf") else f"{rule.low:g} to {rule.high:g}"
        raise ValueError(f"{quoted(written)}: the number of {rule.name} is {limits}")
    return bound["before"], number


def _argument(written: str, rule: FilterRule, rest: str) -> str:
    """Return what stands behind the colon."""
    if rest and not rest.startswith(":"):
        raise ValueError(f"{quoted(written)}: {quoted(rest)} is too much; write it as {rule.form}")
    argument = rest[1:].strip()
    if rest and not rule.argument:
        raise ValueError(f"{quoted(written)}: {rule.name} takes nothing behind a colon; write it as {rule.form}")
    if rule.argument and not argument and not (rule.optional and not rest):
        raise ValueError(f"{quoted(written)}: {rule.name} wants its {rule.argument} behind a colon: {rule.form}")
    if rule.argument == "SCRIPT" and argument and not is_script(argument):
        raise ValueError(f"{quoted(written)}: a script has the four letters of ISO 15924, such as Latn, Cyrl or Hans")
    if rule.argument == "REGEX" and (problem := _pattern_problem(argument)):
        raise ValueError(f"{quoted(written)}: {problem}")
    return argument


def is_script(code: str) -> bool:
    """Return whether a code of ISO 15924 is a script whose letters are known."""
    import regex

    if not re.fullmatch("[A-Z][a-z]{3}", code):
        return False
    try:
        return all(regex.compile(rf"\p{{scx={each}}}") for each in COMBINED_SCRIPTS.get(code, {code}))
    except regex.error:
        return False


def _pattern_problem(pattern: str) -> str:
    """Return why RE2, which takes time in proportion to the text whatever the pattern, refuses a pattern."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(pattern) > LONGEST_PATTERN:
        return f"a pattern has {LONGEST_PATTERN:,} characters at most; give a list of words with no_words"
    try:
        matches = pc.match_substring_regex(pa.array([""]), pattern)[0].as_py()
    except pa.ArrowInvalid as error:
        return f"RE2 does not take this pattern ({str(error).removeprefix('Invalid regular expression: ')})"
    return "matches the empty text, so it would drop every pair" if matches else ""
