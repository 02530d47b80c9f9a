"""Files by which word vectors are scored: pairs of words with their similarity, and analogies."""

from math import isfinite
from pathlib import Path

from seqloom.errors import UserError
from seqloom.recipe.schema import EvaluationSection


def check_score_files(section: EvaluationSection) -> None:
    """Refuse the files of a recipe by which its word vectors could not be scored.

    Raises:
        UserError: one cannot be read, or a line is another.
    """
    if section.similarity_file:
        check_similarity_file(Path(section.similarity_file), "evaluation.similarity_file")
    if section.analogy_file:
        check_analogy_file(Path(section.analogy_file), "evaluation.analogy_file")


def check_similarity_file(path: Path, field: str) -> None:
    """Refuse a file whose lines are not two words and a number.

    Raises:
        UserError: it cannot be read, or a line is another.
    """
    lines, values = lines_of(path, field), set[float]()
    for number, line in lines:
        *words, value = line.split(delimiter_of(lines[0][1]))
        if len(words) != 2 or not _is_number(value):
            raise UserError(
                f"{path} line {number}: is not two words and a number, with tabs or single spaces between them as in "
                f"the first line; correct it, or {field}"
            )
        values.add(float(value))
    if len(lines) > 1 and len(values) == 1:
        raise UserError(f"{path}: all pairs are as similar, so there is no order to compare; correct it, or {field}")


def check_analogy_file(path: Path, field: str) -> None:
    """Refuse a file whose lines are not four words, below a line with a colon, a space and a title.

    Raises:
        UserError: it cannot be read, or a line is another.
    """
    titled = asked = False
    for number, line in lines_of(path, field, comments=False):
        titled = titled or line.startswith(": ")
        if not titled or (not line.startswith(": ") and len(line.split()) != 4):
            raise UserError(
                f"{path} line {number}: is not four words, with a line such as ': capitals' above them; correct it, or "
                f"{field}"
            )
        asked = asked or not line.startswith(": ")
    if not asked:
        raise UserError(f"{path}: has titles and no line of four words; correct it, or {field}")


def lines_of(path: Path, field: str, comments: bool = True) -> list[tuple[int, str]]:
    """Return the lines that are not blank, and no comment where there may be such, with their numbers."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); correct {field}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(f"{path} line {line}: is not UTF-8; convert the file, or correct {field}") from None
    lines = enumerate(text.split("\n"), start=1)
    found = [(number, line) for number, line in lines if line.strip() and not (comments and line.startswith("#"))]
    if not found:
        raise UserError(f"{path}: has no lines; correct {field}")
    return found


def delimiter_of(line: str) -> str:
    """Return what stands between the words of a line, and of those below it."""
    return "\t" if "\t" in line else " "


def _is_number(value: str) -> bool:
    try:
        return isfinite(float(value))
    except ValueError:
        return False
