"""The command that comes first: init."""

import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands.printing import is_terminal
from seqloom.artifact.home import home_folder
from seqloom.mistake import UserMistake
from seqloom.recipe.resolved import NAME

if TYPE_CHECKING:
    from seqloom.corpus.columns import Table
    from seqloom.corpus.roles import Roles
    from seqloom.recipe.starter import Start

commands = typer.Typer()

DEPLOYMENTS = Path("prefect.yaml")
TASKS = ("translation", "summarisation", "sentiment", "generation")


@commands.command()
def init(
    name: Annotated[str, typer.Argument(help="Name of the model: letters, digits, . _ -")],
    data: Annotated[
        str, typer.Option("--data", help="Table (CSV, TSV, JSON, Parquet), catalogue or plain text to learn from.")
    ] = "",
    source: Annotated[str, typer.Option("--source", help="Column of the text that goes in.")] = "",
    target: Annotated[str, typer.Option("--target", help="Column of what should come out.")] = "",
    task: Annotated[str, typer.Option("--task", help=f"One of {', '.join(TASKS)}; else the table tells.")] = "",
    recipe_only: Annotated[bool, typer.Option("--recipe-only", help="Write no prefect.yaml.")] = False,
) -> None:
    """Write a recipe and a prefect.yaml for a table of yours, to be changed by hand."""
    if not re.fullmatch(NAME, name):
        raise UserMistake(
            f"{name!r} is no name of a model: take letters, digits and . _ -, the first a letter or digit"
        )
    if task and task not in TASKS:
        raise UserMistake(f"--task {task}: it is one of {', '.join(TASKS)}")
    recipe_file = Path("recipes" if Path("recipes").is_dir() else "") / f"{name}.yaml"
    written = [recipe_file] if recipe_only else [recipe_file, DEPLOYMENTS]
    _require_free(written)
    data = data or _ask("Table or text to learn from", "give it with --data FILE")
    from seqloom.corpus.columns import look_at
    from seqloom.corpus.roles import roles_of

    table = look_at(data, home_folder())
    roles = roles_of(table, source, target, task) or _asked_roles(table, source, target, task)
    start = _start(name, recipe_file, table, roles)
    recipe = _checked_recipe(start)
    texts = _write_texts(name, table, roles)
    _write(recipe_file, recipe)
    if not recipe_only:
        _write_deployments(start)
    for file in (*texts, *written):
        print(f"wrote {file}")
    print(f"{roles.task}: {_in_words(table, roles)}\n\nNext:")
    print("\n".join(f"  {line}" for line in _next(name, recipe_file, recipe_only)))


def _require_free(files: list[Path]) -> None:
    for file in files:
        if file.exists():
            remedy = "give --recipe-only, or go to another folder" if file == DEPLOYMENTS else "choose another name"
            raise UserMistake(f"{file} is there already, and nothing is overwritten: {remedy}, or move it away")


def _asked_roles(table: "Table", source: str, target: str, task: str) -> "Roles":
    """What a person says of the columns.

    Raises:
        UserMistake: there is nobody to ask.
    """
    from seqloom.corpus.roles import roles_of

    names = [column.name for column in table.columns]
    remedy = f"give --source and --target of its columns {', '.join(names)}"
    why = f"{table.place}: its columns do not tell which is the source and which the target"
    if not is_terminal():
        raise UserMistake(f"{why}: {remedy}")
    print(f"{why}; it has {', '.join(names)}.", file=sys.stderr)
    source = source or _ask("Column of the text that goes in", remedy)
    target = target or _ask("Column of what should come out", remedy)
    found = roles_of(table, source, target, task)
    assert found, "both are said"
    return found


def _ask(question: str, remedy: str) -> str:
    if not is_terminal():
        raise UserMistake(f"{question} is not told, and there is no terminal to ask in: {remedy}")
    answer: str = typer.prompt(question, err=True)
    return answer.strip()


def _write_texts(name: str, table: "Table", roles: "Roles") -> list[Path]:
    """Write the texts of a table as plain text where they go on from themselves; return the file of it."""
    if not table.columns or roles.task != "generation":
        return []
    from seqloom.corpus.columns import write_texts

    file = Path(f"{name}.txt")
    _require_free([file])
    write_texts(table, roles.source, file, home_folder())
    return [file]


def _start(name: str, recipe_file: Path, table: "Table", roles: "Roles") -> "Start":
    from seqloom.recipe.starter import SMALL, Start

    rows = max((len(column.values) for column in table.columns), default=0)
    running = roles.task == "generation"
    return Start(
        name=name,
        recipe_file=recipe_file.as_posix(),
        place=f"{name}.txt" if running and table.columns else table.place,
        task=roles.task,
        source="" if running else roles.source,
        target=roles.target,
        header=table.header or running,
        format="running" if running else "auto",
        source_language=roles.source_language,
        target_language=roles.target_language,
        max_characters=roles.max_characters,
        rows=rows if rows < SMALL and not running else 0,
    )


def _checked_recipe(start: "Start") -> str:
    """The text of the recipe.

    Raises:
        UserMistake: the task that somebody asked for does not go with the text.
    """
    from seqloom.recipe.loading import check_recipe
    from seqloom.recipe.single_keys import load_yaml
    from seqloom.recipe.starter import recipe_text

    text = recipe_text(start)
    check_recipe(load_yaml(text), start.recipe_file)
    return text


def _write_deployments(start: "Start") -> None:
    from seqloom.recipe.starter import deployments_text

    _write(DEPLOYMENTS, deployments_text(start))


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise UserMistake(f"{file} cannot be written ({error.strerror}): go to a folder of yours") from None


def _in_words(table: "Table", roles: "Roles") -> str:
    if not roles.target:
        return table.place
    languages = f" ({roles.source_language} to {roles.target_language})" if roles.source_language else ""
    return f"{roles.source} to {roles.target} of {table.place}{languages}"


def _next(name: str, recipe_file: Path, recipe_only: bool) -> list[str]:
    recipe, model = shlex.quote(recipe_file.as_posix()), f"models:/{name}@champion"
    lines = [
        (f"seqloom check {recipe}", "what is in the table, and what will run"),
        (f"seqloom train {recipe}", "to a judged version"),
        (f'seqloom generate {model} "…"', "ask it"),
    ]
    if not recipe_only:
        lines.append(
            ("seqloom up", "every night, with pages in a browser; seqloom deploy for a Prefect server of yours")
        )
    width = max(len(command) for command, _ in lines)
    return [f"{command:<{width}}   # {why}" for command, why in lines]
