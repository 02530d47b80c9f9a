"""Rules by which texts of a pattern are answered: lines of a regular expression, a tab and the answer."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_PATTERN = 2000  # characters
MOST_RULES = 1000
_FORM = "write a regular expression, a tab and the answer"


@dataclass(frozen=True)
class AnswerRule:
    r"""An expression of RE2 that a whole text has to match, and its answer, in which \1 is the first group."""

    pattern: str
    answer: str

    @property
    def whole(self) -> str:
        """The expression for a whole text."""
        return rf"\A(?:{self.pattern})\z"


def read_rules(lines: Sequence[str], file: str) -> tuple[AnswerRule, ...]:
    """Read lines of an expression, a tab and an answer; # begins a comment.

    Expressions are brought to Unicode's normal form and single spaces, as the texts are that they have to match.

    Raises:
        ValueError: a line has not one tab, RE2 does not take it, or there is none; the sentence begins with `file`.
    """
    rules = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        pattern, tab, answer = line.partition("\t")
        rule = AnswerRule(unicodedata.normalize("NFC", " ".join(pattern.split())), answer.strip())
        if problem := _FORM if not tab else _problem(rule):
            raise ValueError(f"{file} line {number}: {problem}")
        rules.append(rule)
    if not rules:
        raise ValueError(f"{file}: holds no rule: {_FORM} on a line")
    if len(rules) > MOST_RULES:
        raise ValueError(f"{file}: has {len(rules):,} rules: {MOST_RULES:,} at most")
    return tuple(rules)


def _problem(rule: AnswerRule) -> str:
    """Return why RE2, which takes time in proportion to the text whatever the pattern, refuses a rule."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not rule.pattern or not rule.answer:
        return _FORM
    if "\t" in rule.answer:
        return f"has several tabs: {_FORM}"
    if len(rule.pattern) > LONGEST_PATTERN:
        return f"an expression has {LONGEST_PATTERN:,} characters at most: write several"
    try:
        pc.match_substring_regex(pa.array([""]), rule.pattern)  # alone: with a bracket too many it might fit below
        pc.replace_substring_regex(pa.array([""]), rule.whole, rule.answer)
    except pa.ArrowInvalid as error:
        return f"RE2 does not take this rule ({str(error).removeprefix('Invalid regular expression: ')})"
    return ""
