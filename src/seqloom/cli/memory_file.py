"""The option --memory: a translation memory that answers what it knows."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.artifact.home_folder import home_folder
from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.decoding.exact_matches import ExactMatches
    from seqloom.decoding.generator import Generator

MemoryFile = Annotated[
    Path | None,
    typer.Option(
        "--memory",
        help="A translation memory (TMX, TSV or another file of pairs): its sources are answered by their targets.",
    ),
]


def read_memory(file: Path, checkpoint: Path, generator: "Generator") -> "ExactMatches":
    """Read a memory as the recipe's corpus would be read, without its filters; a TSV file may have no header.

    Raises:
        UserError: there is no such file, it has no pairs, or the model does not write a text for a text.
    """
    if not generator.controlled:
        raise UserError("--memory is for models that write a text for a text: leave it out")
    from seqloom.cli.evaluate_command import section_of_files
    from seqloom.decoding.exact_matches import ExactMatches
    from seqloom.evaluation.file_evaluation import read_test_rows
    from seqloom.recipe.recipe_json import read_recipe

    recipe = read_recipe(checkpoint)
    changes = ["privacy=keep"]  # a text is looked up as it is
    if file.suffix == ".tsv" and not _has_column(file, recipe.corpus.source_column):
        changes += ["header=false", "source_column='1'", "target_column='2'"]
    section = section_of_files(recipe, [str(file)], changes, of_any_length=True)
    table = read_test_rows(section, home_folder(), generator.keeps_whitespace).table
    return ExactMatches(zip(table["source"], table["target"], strict=True))


def _has_column(file: Path, column: str) -> bool:
    """Return whether the first row of a file names a column; a file that cannot be read has its sentence elsewhere."""
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as lines:
            return column in lines.readline().rstrip("\r\n").split("\t")
    except OSError:
        return True
