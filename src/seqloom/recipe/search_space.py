"""Search space of a hyperparameter search: the fields of a recipe, and the values that each may take."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from seqloom.errors import UserError
from seqloom.recipe.override_grid import values_of
from seqloom.recipe.recipe_loader import change_recipe
from seqloom.recipe.schema import Recipe

LOG_FROM = 10  # times the lower end, from which a range is drawn from by its logarithm
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})")


@dataclass(frozen=True)
class Choice:
    """A field with a list of values, in YAML."""

    field: str
    values: tuple[str, ...]

    @property
    def examples(self) -> tuple[str, ...]:
        """Return values that a recipe must allow."""
        return self.values


@dataclass(frozen=True)
class Range:
    """A field with a range of numbers, both ends included; whole numbers where both ends are written so."""

    field: str
    low: float
    high: float
    whole: bool

    @property
    def logarithmic(self) -> bool:
        """True if it is drawn from by its logarithm: `0.0001..0.01` has as many values below 0.001 as above."""
        return self.low > 0 and self.high >= LOG_FROM * self.low

    @property
    def examples(self) -> tuple[str, ...]:
        """Return values that a recipe must allow."""
        return self.written(self.low), self.written(self.high)

    def written(self, value: float) -> str:
        """Return a number of the range in YAML, of at most four digits that count."""
        return str(int(value)) if self.whole else repr(min(self.high, max(self.low, float(f"{value:.4g}"))))


Domain = Choice | Range


def parse_space(recipe: Recipe, lines: Sequence[str]) -> tuple[Domain, ...]:
    """Return the search space of lines such as `model.encoder=lstm,gru` and `training.learning_rate=0.0005..0.01`.

    Raises:
        UserError: a line is malformed, names no field of a recipe or only values that it may not have, two lines are
            of one field, or there are none.
    """
    if not lines:
        raise UserError(
            "there is nothing to search: give a field with --space, such as --space training.learning_rate=0.0005..0.01"
        )
    space = tuple(map(_domain, lines))
    twice = [name for name, count in Counter(domain.field for domain in space).items() if count > 1]
    if twice:
        raise UserError(f"space: {twice[0]} is given twice; write all its values on one line")
    for domain in space:
        _check(recipe, domain)
    return space


def _domain(line: str) -> Domain:
    name, _, text = line.partition("=")
    if ends := _RANGE.fullmatch(text.strip()):
        low, high = map(float, ends.groups())
        if low >= high:
            raise UserError(f"space {line}: a range goes from low to high, such as {name}={ends[2]}..{ends[1]}")
        return Range(name, low, high, whole=all(end.lstrip("+-").isdecimal() for end in ends.groups()))
    name, values = values_of(line, "space")
    if len(values) < 2:
        raise UserError(
            f"space {line}: one value leaves nothing to search; write several, such as model.encoder=lstm,gru, or a "
            "range such as training.learning_rate=0.0005..0.01"
        )
    return Choice(name, tuple(values))


def _check(recipe: Recipe, domain: Domain) -> None:
    """Refuse a field that a recipe does not have; some values may contradict others, which a trial finds out."""
    mistakes = []
    for value in domain.examples:
        try:
            change_recipe(recipe, [f"{domain.field}={value}"])
        except UserError as mistake:
            mistakes.append(mistake)
    if len(mistakes) == len(domain.examples):
        raise UserError(f"space {domain.field}: {mistakes[0]}")
