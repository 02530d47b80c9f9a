"""A grid of overrides: every combination of the values of some fields."""

from collections import Counter
from collections.abc import Sequence
from itertools import product

import yaml

from seqloom.errors import UserError
from seqloom.recipe.strict_yaml import load_yaml, shortened


def combinations(lines: Sequence[str]) -> list[tuple[str, ...]]:
    """Return overrides for each combination, the last field changing fastest; without lines one empty tuple.

    A line is `section.field=value,value`; the values are YAML, as items of a list.

    Raises:
        UserError: a line is not of this form, or two are of one field.
    """
    fields = [values_of(line, "grid") for line in lines]
    twice = [name for name, count in Counter(name for name, _ in fields).items() if count > 1]
    if twice:
        raise UserError(f"grid: {twice[0]} is given twice; write all its values on one line")
    chosen = [[f"{name}={value}" for value in values] for name, values in fields]
    return list(product(*chosen))


def values_of(line: str, option: str) -> tuple[str, list[str]]:
    """Return the field of a line `section.field=value,value` and its values in YAML, as overrides have them.

    Raises:
        UserError: the line, given by `option`, is not of this form.
    """
    name, equals, text = line.partition("=")
    try:
        values = load_yaml(f"[{text}]")
    except yaml.YAMLError:
        values = None
    if not name or not equals or not values:
        raise UserError(
            f"{option} {shortened(line, 200)}: it is written section.field=value,value, such as "
            "model.encoder=lstm,gru; quote a value with a comma in it"
        )
    return name, [_in_yaml(value) for value in values]


def _in_yaml(value: object) -> str:
    """Return a value as an override has it."""
    text = _dump(value, allow_unicode=True)
    if yaml.safe_load(text) != value:  # a line break of Unicode's, which YAML reads as a space unless it is escaped
        text = _dump(value, allow_unicode=False)
    return text.removesuffix("\n").removesuffix("\n...")


def _dump(value: object, allow_unicode: bool) -> str:
    return str(yaml.safe_dump(value, default_flow_style=True, allow_unicode=allow_unicode, width=float("inf")))
