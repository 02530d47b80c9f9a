"""Normalizer expressions of `corpus.normalizers`: `html_entities`, `source.lowercase`, `replace:[“”]=>"`.

Each rewrites a text, in the order of the list; the parts are `[source.|target.]NAME[:ARGUMENT]`. The tokenizers need
three of them, which are added at the end where a list leaves them out: so a stored recipe names all that is done.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.recipe.rule_names import SIDES, meant_rule, quoted, sides_of

LONGEST_PATTERN = 2000  # characters
ARROW = "=>"  # between the pattern and the text of a replacement
FORMS = ("NFC", "NFKC")
_PARTS = re.compile(r"(?:(?P<side>[a-z]+)\.)?(?P<name>[A-Za-z_]+)(?P<colon>:)?(?P<argument>.*)", re.DOTALL)


@dataclass(frozen=True)
class NormalizerRule:
    """A normalizer that a recipe may name."""

    name: str
    argument: str = ""  # what stands behind the colon, in capitals; empty: nothing may
    default: str = ""  # of the argument
    both_sides: bool = False  # the recipe cannot choose the side

    @property
    def form(self) -> str:
        """Return an example of how it is written."""
        example = self.default or self.argument
        return f"{self.name}:{example}" if example else self.name


RULES = {
    rule.name: rule
    for rule in (
        NormalizerRule("control_characters", both_sides=True),
        NormalizerRule("unicode_form", "NFC or NFKC", "NFC"),
        NormalizerRule("width"),
        NormalizerRule("zero_width"),
        NormalizerRule("html_entities"),
        NormalizerRule("html_tags"),
        NormalizerRule("quotes"),
        NormalizerRule("dashes"),
        NormalizerRule("lowercase"),
        NormalizerRule("replace", f"REGEX{ARROW}TEXT"),
        NormalizerRule("whitespace", both_sides=True),
    )
}
"""The normalizers, by name."""


@dataclass(frozen=True)
class NormalizerExpression:
    """A normalizer with its parameter."""

    name: str
    sides: tuple[str, ...] = SIDES  # rewritten
    argument: str = ""

    def __str__(self) -> str:
        side = f"{self.sides[0]}." if len(self.sides) == 1 else ""
        return f"{side}{self.name}{f':{self.argument}' if self.argument else ''}"

    @property
    def replacement(self) -> tuple[str, str]:
        """Return pattern and text of a replacement."""
        pattern, _, text = self.argument.rpartition(ARROW)
        return pattern, text


REQUIRED = (
    NormalizerExpression("control_characters"),
    NormalizerExpression("unicode_form", argument="NFC"),
    NormalizerExpression("whitespace"),
)
"""Those that every text goes through, as the tokenizers need it."""
DEFAULT_NORMALIZERS = tuple(map(str, REQUIRED))


def parse_normalizer(written: str) -> NormalizerExpression:
    """Return the normalizer that an expression describes, its default filled in.

    Raises:
        ValueError: there is no such normalizer, or it is written in another form.
    """
    parts = _PARTS.fullmatch(written.lstrip())
    if parts is None or parts["name"] not in RULES:
        raise ValueError(f"{quoted(written)} is no normalizer: {meant_rule(parts['name'] if parts else '', RULES)}")
    rule, side, argument = RULES[parts["name"]], parts["side"], parts["argument"]
    sides = sides_of(written, side, rule.both_sides, rule.form)
    if rule.name != "replace":  # whose text may end with a space
        argument = argument.strip()
    if argument and not (rule.argument and parts["colon"]):
        raise ValueError(f"{quoted(written)}: {quoted(argument)} is too much; write it as {rule.form}")
    found = NormalizerExpression(rule.name, sides, argument or rule.default)
    if problem := _argument_problem(found, rule):
        raise ValueError(f"{quoted(written)}: {problem}")
    return found


def complete_normalizers(written: Sequence[str]) -> list[str]:
    """Return the expressions with every default written out, and those that are required at the end.

    Raises:
        ValueError: one is written in another form, or comes twice.
    """
    found = [parse_normalizer(each) for each in written]
    for at, each in enumerate(found):
        if each in found[:at]:
            raise ValueError(f"{each} comes twice: remove one")
    for required in REQUIRED:
        if not any(each.name == required.name and each.sides == SIDES for each in found):
            found.append(required)
    return [str(each) for each in found]


def _argument_problem(normalizer: NormalizerExpression, rule: NormalizerRule) -> str:
    if rule.argument and not normalizer.argument:
        return f"{rule.name} wants its {rule.argument} behind a colon: {rule.form}"
    if rule.name == "unicode_form" and normalizer.argument not in FORMS:
        return f"a form of Unicode is {' or '.join(FORMS)}, so write {rule.form}"
    return _replacement_problem(normalizer) if rule.name == "replace" else ""


def _replacement_problem(normalizer: NormalizerExpression) -> str:
    """Return why RE2, which takes time in proportion to the text whatever the pattern, refuses a replacement."""
    import pyarrow as pa
    import pyarrow.compute as pc

    pattern, text = normalizer.replacement
    if not pattern:
        return f"a replacement is written REGEX{ARROW}TEXT"
    if len(normalizer.argument) > LONGEST_PATTERN:
        return f"a replacement has {LONGEST_PATTERN:,} characters at most; write several"
    try:
        if pc.match_substring_regex(pa.array([""]), pattern)[0].as_py():
            return "matches the empty text, so it would write between all characters"
        again = pc.replace_substring_regex(pa.scalar(text), pattern, text).as_py()
    except pa.ArrowInvalid as error:
        return f"RE2 does not take this replacement ({str(error).removeprefix('Invalid regular expression: ')})"
    stays = "\\" in text or again == text
    return "" if stays else "rewrites what it writes, so it would never come to an end; narrow the pattern"
