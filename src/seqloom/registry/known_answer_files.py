"""Files of known answers: a translation memory in any format of a corpus, and rules for patterns."""

import re
from pathlib import Path

from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.input_file import require_file
from seqloom.corpus import SIDES
from seqloom.corpus.compression import first_bytes
from seqloom.corpus.file_format import ENDINGS, ending_of
from seqloom.decoding.exact_matches import ExactMatches
from seqloom.decoding.known_answers import KnownAnswers
from seqloom.errors import UserError
from seqloom.recipe.answer_rules import AnswerRule, read_rules
from seqloom.recipe.applications import application_of
from seqloom.recipe.normalizer_expressions import DEFAULT_NORMALIZERS
from seqloom.recipe.recipe_json import read_recipe
from seqloom.recipe.schema import CorpusSection, Recipe

MOST_BYTES = 64_000_000  # of a file, and of the texts that were read from it: a server holds all of them
MEMORY_FIELD, RULES_FIELD = "serving.memory_file", "serving.rules_file"


def recipe_answers(recipe: Recipe, keep: bool = False) -> KnownAnswers | None:
    """Return memory and rules that a recipe names; None where it names none. `keep` is of the targets' white space.

    Raises:
        UserError: a file cannot be read, a line of it is broken, or the model does not write a text for a text.
    """
    names = {MEMORY_FIELD: recipe.serving.memory_file, RULES_FIELD: recipe.serving.rules_file}
    for field, name in names.items():
        if name:
            require_texts(recipe, field)
    if not any(names.values()):
        return None
    memory, rules = names.values()
    pairs = read_memory(recipe, Path(memory), MEMORY_FIELD, keep, strict=True) if memory else ExactMatches()
    return KnownAnswers(pairs, read_rules_file(Path(rules), RULES_FIELD) if rules else ())


def with_files(
    memory: Path | None, rules: Path | None, checkpoint: Path, own: KnownAnswers | None, keep: bool
) -> KnownAnswers:
    """Return the answers of files that a command names, each in place of a version's own.

    Raises:
        UserError: a file cannot be read, or the model does not write a text for a text.
    """
    recipe = read_recipe(checkpoint)
    require_texts(recipe, "--memory" if memory else "--rules")
    pairs = read_memory(recipe, memory, "--memory", keep) if memory else own.memory if own else ExactMatches()
    return KnownAnswers(pairs, read_rules_file(rules, "--rules") if rules else own.rules if own else ())


def require_texts(recipe: Recipe, field: str) -> None:
    """Refuse known answers of a model that does not write a text for a text."""
    if application_of(recipe.task).answer != "text" or recipe.corpus.features:
        raise UserError(f"{field} is for models that write a text for a text: leave it out")


def read_memory(recipe: Recipe, file: Path, field: str, keep: bool, strict: bool = False) -> ExactMatches:
    """Read a memory as the recipe's corpus would be read, without its filters and normalizers; TSV needs no header.

    What the recipe excludes is left out; a command (not `strict`) does without the list where it is not there.

    Raises:
        UserError: it is missing, too large or has no pairs; or, if `strict`, a line violates its format.
    """
    from seqloom.evaluation.eval_rows import read_test_rows, section_of_files  # pandas and sacreBLEU

    _require_small(file, field)
    excluded = recipe.corpus.exclude
    changes = {
        "privacy": "keep",  # a text is looked up as it is, and answered word for word
        "normalizers": list(DEFAULT_NORMALIZERS),
        "exclude": excluded if strict or Path(excluded).is_file() else "",
        **_columns(recipe.corpus, file),
    }
    section = section_of_files(recipe, [str(file)], [], of_any_length=True).model_copy(update=changes)
    try:
        rows = read_test_rows(section, home_folder(), keep, field=field, most=MOST_BYTES)
    except UserError as error:  # the fields of the corpus are those of a version, which nobody can correct
        raise UserError(_of_memory(str(error), section)) from error
    if strict and rows.broken:
        raise UserError(f"{rows.broken[0]}; correct it, or {field}")
    return ExactMatches(zip(rows.table["source"], rows.table["target"], strict=True))


def read_rules_file(file: Path, field: str) -> tuple[AnswerRule, ...]:
    """Read a file of rules.

    Raises:
        UserError: it is missing, too large or not UTF-8, or a line is no rule.
    """
    _require_small(file, field)
    try:
        return read_rules(file.read_text(encoding="utf-8-sig").split("\n"), str(file))
    except UnicodeDecodeError:
        raise UserError(f"{file}: is not UTF-8: save it as UTF-8, or correct {field}") from None
    except ValueError as error:
        raise UserError(f"{error}; correct it, or {field}") from None


def _require_small(file: Path, field: str) -> None:
    require_file(file, f"correct {field}")
    if (size := file.stat().st_size) > MOST_BYTES:
        raise UserError(f"{file}: has {size:,} bytes, {MOST_BYTES:,} at most; correct {field}")


def _of_memory(sentence: str, section: CorpusSection) -> str:
    """Return a sentence on a corpus with the remedies that a memory has."""
    columns = " and ".join((section.source_column, section.target_column))
    remedies = {
        r"correct corpus\.(source|target)_column.*": f"a memory has the corpus's columns, {columns}: name its so",
        r"set corpus\.format to one of (.*)": r"give the file an ending that does, such as .tsv or .tmx",
        r" that can be scored": "",
    }
    for fields, remedy in remedies.items():
        sentence = re.sub(fields, remedy.replace("\\", r"\\"), sentence)  # a column may be called anything
    return sentence


def _columns(section: CorpusSection, file: Path) -> dict[str, bool | str]:
    """Return the columns of a file where they are not the recipe's: of a TSV that names source and target, or none."""
    if ENDINGS.get(ending_of(file.name, file)) != "tsv":
        return {}
    first = first_bytes(file, str(file)).decode("utf-8-sig", "replace").partition("\n")[0].rstrip("\r").split("\t")
    if section.header and section.source_column in first:
        return {}
    if {*SIDES} <= {*first}:
        return {"header": True, "source_column": SIDES[0], "target_column": SIDES[1]}
    if not section.header and section.source_column.isdigit():
        return {}
    return {"header": False, "source_column": "1", "target_column": "2"}
