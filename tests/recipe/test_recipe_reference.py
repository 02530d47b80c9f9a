"""The recipe reference: generated, whole, and on the page as it was generated."""

from pathlib import Path
from typing import get_args

from pydantic import BaseModel

from seqloom.recipe import recipe_reference
from seqloom.recipe.schema import Recipe

PAGE = Path(__file__).parents[2] / "docs" / "recipe.md"


def described() -> dict[tuple[str, str], str]:
    """The description of each field, by section and name, as the classes have it."""
    found = {}
    for name, field in Recipe.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            inside = field.annotation.model_fields
            found |= {(name, each): str(inside[each].description) for each in inside}
            for entry, listed in inside.items():
                for kind in get_args(listed.annotation):
                    if isinstance(kind, type) and issubclass(kind, BaseModel):
                        fields = kind.model_fields
                        found |= {(f"{name}.{entry}", each): str(fields[each].description) for each in fields}
        else:
            found["", name] = str(field.description)
    return found


def test_the_page_is_what_the_schema_says() -> None:
    assert PAGE.read_text(encoding="utf-8") == recipe_reference.markdown(), (
        "run: python -m seqloom.recipe.recipe_reference docs/recipe.md"
    )


def test_every_field_has_its_row_and_its_words() -> None:
    wanted, rows = described(), {(section, name): field for section, name, field, _ in recipe_reference.fields()}
    assert rows.keys() == wanted.keys()
    assert {key: field["description"] for key, field in rows.items()} == wanted
    lines = [line for line in recipe_reference.markdown().splitlines() if line.startswith("| `")]
    assert [line.split("`")[1] for line in lines] == [name for _, name, _, _ in recipe_reference.fields()]
    assert all(line.replace("\\|", "").count("|") == 7 for line in lines)


def test_limits_default_and_unit_are_told() -> None:
    [row] = [line for line in recipe_reference.markdown().splitlines() if line.startswith("| `batch_tokens`")]
    assert row.startswith("| `batch_tokens` | whole number | `0` | tokens | ≥ 0 | Tokens per batch")
    unitless = {name for _, name, field, _ in recipe_reference.fields() if field.get("type") == "integer"}
    unitless -= {name for _, name, field, _ in recipe_reference.fields() if recipe_reference.unit(name, field)}
    assert unitless == {"seed"}, "the description of a whole number says what it counts"
