"""Limits and defaults of every field stand in fields.txt: one that changes does so on purpose, there too.

After such a change: `python -m tests.recipe.test_limits`.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from seqloom.errors import UserError
from seqloom.recipe.recipe_loader import check_recipe
from seqloom.recipe.schema import Recipe

LISTED = Path(__file__).with_name("fields.txt")
TOLD = (
    "default",
    "minimum",
    "exclusiveMinimum",
    "maximum",
    "exclusiveMaximum",
    "minLength",
    "maxLength",
    "pattern",
    "enum",
)


def fields() -> Iterator[str]:
    """A line a field: its name, and what JSON Schema says of its values."""
    schema = Recipe.model_json_schema()
    for section, described in schema["properties"].items():
        if "$ref" in described:
            inside = schema["$defs"][described["$ref"].rpartition("/")[2]]["properties"]
            yield from (_line(f"{section}.{name}", field) for name, field in inside.items())
            for name, field in inside.items():
                if "$ref" in field.get("items", {}):
                    entry = schema["$defs"][field["items"]["$ref"].rpartition("/")[2]]["properties"]
                    yield from (_line(f"{section}.{name}.{inner}", each) for inner, each in entry.items())
        else:
            yield _line(section, described)


def _line(name: str, field: dict[str, Any]) -> str:
    return f"{name}: " + ", ".join(f"{word} {field[word]!r}" for word in TOLD if word in field)


def test_fields_have_the_limits_and_defaults_that_are_listed() -> None:
    ours = {line.partition(":")[0]: line for line in fields()}
    listed = {line.partition(":")[0]: line for line in LISTED.read_text(encoding="utf-8").splitlines()}
    assert {name: ours.get(name) for name in listed} == listed


@pytest.mark.parametrize("delimiter", ["auto", "tab", ";", "|", "\t"])
def test_a_delimiter_is_a_character(delimiter: str) -> None:
    tree = {"name": "a", "corpus": {"train": ["x.csv"], "delimiter": delimiter}}
    assert check_recipe(tree, "recipe").corpus.delimiter == delimiter


@pytest.mark.parametrize("delimiter", ["", ";;", '"', "\n", "\r", "\\"])
def test_and_none_that_means_something_else(delimiter: str) -> None:
    with pytest.raises(UserError, match=r"corpus\.delimiter"):
        check_recipe({"name": "a", "corpus": {"train": ["x.csv"], "delimiter": delimiter}}, "recipe")


if __name__ == "__main__":
    LISTED.write_text("".join(f"{line}\n" for line in fields()), encoding="utf-8")
