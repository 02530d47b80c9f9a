"""The options --memory, --rules and --no-memory, for the answers that are given before the model is asked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.errors import UserError

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
UseMemory = Annotated[
    bool,
    typer.Option(
        "--use-memory/--no-memory", help="Let the version's own memory and rules answer first, or ask the model alone."
    ),
]


def known_answers(
    memory: Path | None, rules: Path | None, checkpoint: Path, generator: "Generator", use_memory: bool = True
) -> "KnownAnswers | None":
    """Return what the files know, each in place of the version's own; without files the version's own, if it is used.

    Raises:
        UserError: a file cannot be read or is not to be used, or the model does not write a text for a text.
    """
    if not use_memory:
        if memory or rules:
            raise UserError("--no-memory asks the model alone: leave --memory and --rules out, or it")
        return None
    if not memory and not rules:
        return generator.memory
    from seqloom.registry.known_answer_files import with_files

    return with_files(memory, rules, checkpoint, generator.memory, generator.keeps_whitespace)
