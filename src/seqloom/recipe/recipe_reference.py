"""Reference of a recipe's fields as Markdown: `python -m seqloom.recipe.recipe_reference docs/recipe.md`.

Generated from the schema, so that the page cannot lag behind it: each field with its type, default, unit, limits and
description. A test compares the page with what this module writes.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from seqloom.recipe.schema import Recipe

_HEAD = """\
# Recipe reference

Every field of a recipe, generated from the schema (`python -m seqloom.recipe.recipe_reference docs/recipe.md`).
A recipe is one YAML file with a section per stage. `-o SECTION.FIELD=VALUE` overrides a field on the command line.
Only `name` and `corpus.train` are required. A key that no section knows is refused.
What "chosen from the corpus" means is in [what a recipe leaves out](defaults.md).
"""
_COUNTS = {
    **dict.fromkeys(("tokens", "characters", "rows", "pairs", "texts", "turns", "updates", "epochs", "layers"), ""),
    **dict.fromkeys(
        (
            "heads",
            "processes",
            "samples",
            "batches",
            "numbers",
            "hypotheses",
            "threads",
            "examples",
            "days",
            "machines",
            "answers",
            "requests",
        ),
        "",
    ),
    "passes": "epochs",
    "occurrences": "",
}
_MEASURES = {
    **dict.fromkeys(("seconds", "milliseconds", "minutes", "hours", "days", "points", "bits"), ""),
    "share": "share of 1",
    "probability": "share of 1",
    "bytes": "megabytes",
}
"""Units by the word that says them in a description: of whole numbers, and of others. Empty: the word itself."""
_LIMITS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}


def fields() -> Iterator[tuple[str, str, dict[str, Any], bool]]:
    """Yield section, name, schema and whether it is required of each field; the section of a top field is empty."""
    schema = Recipe.model_json_schema()
    sections = schema["$defs"]
    for name, field in schema["properties"].items():
        if "$ref" not in field:
            yield "", name, field, name in schema.get("required", ())
    for section, field in schema["properties"].items():
        if "$ref" in field:
            inside = sections[field["$ref"].rpartition("/")[2]]
            for name, each in inside["properties"].items():
                yield section, name, each, name in inside.get("required", ())
            for name, each in inside["properties"].items():
                if "$ref" in each.get("items", {}):  # a list of sections
                    entry = sections[each["items"]["$ref"].rpartition("/")[2]]
                    for inner, described in entry["properties"].items():
                        yield f"{section}.{name}", inner, described, inner in entry.get("required", ())


def markdown() -> str:
    """Return the page: a table for each section."""
    lines, before = [_HEAD], None
    for section, name, field, required in fields():
        if section != before:
            title = f"`{section}`" if section else "Top level"
            about = _about(section) if section else "What is made, and what it is called."
            lines.append(f"\n## {title}\n\n{about}\n\n| field | type | default | unit | limits | what it does |")
            lines.append("|---|---|---|---|---|---|")
            before = section
        cells = (f"`{name}`", _type(field), _default(field, required), unit(name, field), _limits(field))
        lines.append(f"| {' | '.join(cells)} | {_cell(field.get('description', ''))} |")
    return "\n".join(lines) + "\n"


def unit(name: str, field: dict[str, Any]) -> str:
    """Return what a number counts or measures: the first unit that its description names; empty for all else."""
    units = {"integer": _COUNTS, "number": _MEASURES}.get(field.get("type", ""), {})
    if name == "seed":  # no quantity
        return ""
    about = re.sub(r"^[A-Z][a-z]+( [a-z]+)?: ", "", field.get("description", ""))
    words = re.findall(r"[a-z]+", about.lower())
    return next((units[word] or word for word in words if word in units), "")


def _about(section: str) -> str:
    section, _, inner = section.partition(".")
    annotation = Recipe.model_fields[section].annotation
    if annotation and inner:
        (annotation,) = get_args(annotation.model_fields[inner].annotation)
    return " ".join((annotation.__doc__ or "").split()) if annotation else ""


def _type(field: dict[str, Any]) -> str:
    if "enum" in field:
        return "one of " + ", ".join(f"`{value}`" for value in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "anyOf" in field:
        return " or ".join(_type(each) for each in field["anyOf"])
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}))}"
    names = {
        "string": "text",
        "integer": "whole number",
        "number": "number",
        "boolean": "true or false",
        "null": "null",
    }
    return names.get(field.get("type", ""), "mapping")


def _default(field: dict[str, Any], required: bool) -> str:
    if required:
        return "required"
    default = field.get("default")
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, str):
        return f"`{default}`" if default else "empty"
    if isinstance(default, list):
        return f"`[{', '.join(map(str, default))}]`"
    return "none" if default is None else f"`{_number(default)}`"


def _limits(field: dict[str, Any]) -> str:
    limits = [f"{sign} {_number(field[key])}" for key, sign in _LIMITS.items() if key in field]
    limits += [
        f"{words} {field[key]}" for key, words in (("minLength", "length ≥"), ("maxLength", "length ≤")) if key in field
    ]
    return ", ".join(limits)


def _number(value: float) -> str:
    return f"{int(value)}" if value == int(value) else f"{value:g}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(markdown(), encoding="utf-8")
