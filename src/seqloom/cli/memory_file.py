"""The options --memory and --rules: files of answers that are given before the model is asked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from seqloom.decoding.generator import Generator
    from seqloom.decoding.known_answers import KnownAnswers

MemoryFile = Annotated[
    Path | None,
    typer.Option(
        "--memory",
        help="A translation memory (TMX, TSV or another file of pairs): its sources are answered by their targets.",
    ),
]
RulesFile = Annotated[
    Path | None,
    typer.Option(
        "--rules",
        help="A UTF-8 file of rules: a regular expression that a whole text has to match, a tab, and its answer.",
    ),
]


def known_answers(
    memory: Path | None, rules: Path | None, checkpoint: Path, generator: "Generator"
) -> "KnownAnswers | None":
    """Return what the files know, each in place of the version's own; without files the version's own.

    Raises:
        UserError: a file cannot be read, or the model does not write a text for a text.
    """
    if not memory and not rules:
        return generator.memory
    from seqloom.registry.known_answer_files import with_files

    return with_files(memory, rules, checkpoint, generator.memory, generator.keeps_whitespace)
