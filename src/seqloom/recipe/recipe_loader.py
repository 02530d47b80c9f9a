"""Read a YAML file and overrides into a checked `Recipe`, or report all mistakes in sentences."""

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from seqloom.errors import UserError
from seqloom.recipe import renamed_fields
from seqloom.recipe.form_fields import PATTERNS_IN_WORDS
from seqloom.recipe.model_rules import unused_defaults
from seqloom.recipe.schema import Recipe
from seqloom.recipe.strict_yaml import DuplicateKey, TabIndentation, load_yaml, shortened

Checked = TypeVar("Checked", bound=BaseModel)
LARGEST = 256 * 1024  # bytes: a hundred times the size of any recipe
MOST_SHOWN = 10  # mistakes in one message
SECRET = "teaching.key"  # a field whose value no sentence repeats: it may be the secret itself
LONGEST_PROBLEM = 300  # characters of what YAML says, which repeats what was written


def load_recipe(path: Path, overrides: Sequence[str] = (), edits: Mapping[str, object] | None = None) -> Recipe:
    """Read `path`, apply overrides of the form `section.field=value` and check the whole.

    `edits` are values that were changed in a form, by field, such as `training.epochs`; overrides are applied after
    them.

    Raises:
        UserError: the file is missing, is not YAML, or says something a recipe may not say.
    """
    tree = _read_yaml(path)
    for name, value in (edits or {}).items():
        _set(tree, name, value, f"the form's {name}")
    for override in overrides:
        _apply(tree, override)
    recipe = check_recipe(tree, str(path))
    for mistake in unused_defaults(recipe.model, recipe.model.model_fields_set):
        raise UserError(f"{path}: model: {mistake}")
    return recipe


def change_recipe(recipe: Recipe, overrides: Sequence[str]) -> Recipe:
    """Return the recipe with overrides, as `load_recipe` takes them.

    Raises:
        UserError: an override says something a recipe may not say.
    """
    tree = recipe.model_dump()
    for override in overrides:
        _apply(tree, override)
    return check_recipe(tree, f"recipe {recipe.name}")


def change_section(section: Checked, overrides: Sequence[str], origin: str) -> Checked:
    """Return one section with overrides of the form `field=value`, or `section.field=value` as in a recipe.

    Raises:
        UserError: an override says something the section may not say.
    """
    tree = dict(vars(section))
    for override in overrides:
        _apply(tree, override.removeprefix(f"{origin.lstrip('-')}."))
    return check_section(type(section), tree, origin)


def check_recipe(tree: object, origin: str) -> Recipe:
    """Build a `Recipe` from parsed YAML; `origin` opens the sentence of a mistake."""
    return check_section(Recipe, tree, origin)


def check_section(section: type[Checked], tree: object, origin: str) -> Checked:
    """Build a recipe or one section of it; `origin` opens the sentence of a mistake.

    Raises:
        UserError: a field is unknown, missing, or has a value it may not have.
    """
    try:
        return section.model_validate(tree)
    except ValidationError as error:
        raise UserError(f"{origin}: {_sentences(error.errors(), section)}") from None


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        tree = load_yaml(_read_text(path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" line {mark.line + 1}" if mark else ""
        problem = shortened(str(getattr(error, "problem", error)), LONGEST_PROBLEM)
        if isinstance(error, DuplicateKey):
            raise UserError(f"{path}{line}: {problem}; remove one of the two") from None
        if isinstance(error, TabIndentation):
            raise UserError(f"{path}{line}: not valid YAML: {problem}") from None
        raise UserError(f"{path}{line}: not valid YAML ({problem})") from None
    if not isinstance(tree, dict):
        raise UserError(f"{path}: a recipe is a YAML mapping with name, corpus and further sections, see recipes/")
    return tree


def _read_text(path: Path) -> str:
    """Read a file up to the largest size of a recipe: a device has no end."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise UserError(f"{path}: no such recipe (looked in {Path.cwd()}); give the path of a YAML file") from None
    except IsADirectoryError:
        raise UserError(f"{path}: a folder, and cannot be read as a recipe; give a YAML file in it") from None
    except (OSError, ValueError) as error:  # a name with a NUL in it
        why = getattr(error, "strerror", None) or error
        raise UserError(f"{path}: cannot be read as a recipe ({why}); give the path of a YAML file") from None
    if len(content) > LARGEST:
        raise UserError(f"{path}: over {LARGEST:,} bytes, which no recipe has; give the path of a YAML file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: cannot be read as a recipe ({error.reason}); give a UTF-8 YAML file") from None


def _apply(tree: dict[str, Any], override: str) -> None:
    name, equals, text = override.partition("=")
    override = shortened(override, 200)
    if not equals or not name:
        raise UserError(f"override {override}: it is written section.field=value, such as training.epochs=3")
    try:
        value = load_yaml(text)
    except DuplicateKey as error:
        raise UserError(f"override {override}: {error.problem}; remove one of the two") from None
    except yaml.YAMLError as error:
        problem = shortened(str(getattr(error, "problem", None) or error), LONGEST_PROBLEM)
        raise UserError(
            f"override {override}: the value is not valid YAML ({problem}); quote it or write lists as [a, b]"
        ) from None
    _set(tree, name, value, f"override {override}")


def _set(tree: dict[str, Any], name: str, value: object, origin: str) -> None:
    *sections, field = name.split(".")
    for section in sections:
        if tree.get(section) is None:  # also a section that has only comments
            tree[section] = {}
        tree = tree[section]
        if not isinstance(tree, dict):
            raise UserError(f"{origin}: {section} is not a section of the recipe")
    tree[field] = value


def _sentences(mistakes: Sequence[ErrorDetails], checked: type[BaseModel]) -> str:
    """Return all mistakes: one as a sentence, several numbered."""
    if any(
        mistake["type"] == "extra_forbidden" for mistake in mistakes
    ):  # a misspelled field is why another is missing
        mistakes = [mistake for mistake in mistakes if mistake["type"] != "missing"]
    sentences = list(dict.fromkeys(_sentence(mistake, checked) for mistake in mistakes))
    if len(sentences) == 1:
        return sentences[0]
    more = f"; and {len(sentences) - MOST_SHOWN} more" if len(sentences) > MOST_SHOWN else ""
    listed = "; ".join(f"({number}) {sentence}" for number, sentence in enumerate(sentences[:MOST_SHOWN], start=1))
    return f"{len(sentences)} mistakes: {listed}{more}"


def _sentence(error: ErrorDetails, checked: type[BaseModel]) -> str:
    field = ".".join(shortened(str(part)) for part in error["loc"])
    if field.endswith(SECRET):
        return f"{field} is the name of a key as ${{NAME}}, of 100 characters at most, and not the key itself"
    match error["type"]:
        case "extra_forbidden":
            nearest = f"{field} is not a field of a recipe; {_nearest(error['loc'], checked)}"
            return renamed_fields.sentence(field) or nearest
        case "missing":
            return f"{field} is missing; add it"
        case "literal_error":
            expected = error["ctx"]["expected"]
            return f"{field} must be one of {expected}, not {_shown(error['input'])}{_meant(error['input'], expected)}"
        case "string_type" if not isinstance(error["input"], (list, dict, type(None))):
            read = shortened(str(error["input"]), 80)
            return f"{field} must be text, but YAML reads it as {read}; put it in quotes"
        case "model_type":
            return f"{field} is a section: indent its fields below it, or remove it"
        case "value_error":
            return f"{field}: {error['ctx']['error']}" if field else str(error["ctx"]["error"])
        case "string_pattern_mismatch":
            return f"{field}: {_shown(error['input'])} is no {PATTERNS_IN_WORDS[str(error['loc'][-1])]}"
        case _:
            wanted = error["msg"][0].lower() + error["msg"][1:]
            given = "" if ", not " in wanted else f", not {_shown(error['input'])}"
            return f"{field}: {wanted}{given}"


def _shown(value: object) -> str:
    """Return a shortened value; JSON may hold numbers too long, or nesting too deep, for repr."""
    try:
        return shortened(repr(value), 80)
    except (ValueError, RecursionError):
        return f"a {type(value).__name__} of that size"


OTHER_NAMES = {
    "classification": "sentiment",
    "labeling": "sentiment",
    "labelling": "sentiment",
    "summarisation": "summarization",
    "dialogue": "chat",
    "language-modeling": "generation",
    "language modeling": "generation",
    "f1": "macro_f1",
    "rouge-l": "rougeL",
    "rouge": "rougeL",
    "ppl": "word_perplexity",
    "perplexity": "word_perplexity",
    "wordpiece": "bpe",
    "sentencepiece": "unigram",
    "w2v": "word2vec",
    "glove": "pretrained",
    "bahdanau": "additive",
    "luong": "multiplicative",
}
"""Other names of a recipe's values."""


def _meant(given: object, expected: str) -> str:
    """Name the value that another one was probably meant to be, where there is one."""
    values = [value.strip("'") for value in expected.replace(" or ", ", ").split(", ")]
    if not isinstance(given, str):
        return ""
    same = [value for value in values if value.lower() == given.lower()]
    known = [value for value in values if value == OTHER_NAMES.get(given.lower())]
    close = difflib.get_close_matches(shortened(given.lower()), values, n=1)
    return next((f"; did you mean {value}?" for value in (*same, *known, *close)), "")


def _nearest(location: tuple[int | str, ...], section: type[BaseModel]) -> str:
    """Name the known key that an unknown one was probably meant to be; of a recipe also a field of its sections."""
    if len(location) == 1 and (inside := _fields_called(str(location[0]), section)):
        return f"did you mean {' or '.join(inside)}?"
    for part in location[:-1]:
        if isinstance(part, int):  # an entry of a list
            continue
        annotation = section.model_fields[part].annotation
        annotation = next(iter(get_args(annotation)), annotation)
        assert isinstance(annotation, type)
        assert issubclass(annotation, BaseModel)
        section = annotation
    known = list(section.model_fields)
    close = difflib.get_close_matches(shortened(str(location[-1])), known, n=1, cutoff=0.5)
    if not close:  # what is nearest by chance misleads
        return f"its fields are {', '.join(known)}"
    return f"did you mean {'.'.join([*map(str, location[:-1]), close[0]])}?"


def _fields_called(field: str, recipe: type[BaseModel]) -> list[str]:
    """Return the fields of this name in the sections of a recipe, such as training.epochs."""
    sections = ((name, section.annotation) for name, section in recipe.model_fields.items())
    return [
        f"{name}.{field}"
        for name, kind in sections
        if isinstance(kind, type) and issubclass(kind, BaseModel) and field in kind.model_fields
    ]
