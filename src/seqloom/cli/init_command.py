"""Command init: a recipe and a prefect.yaml for the user's data."""

import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.stdio import is_terminal
from seqloom.errors import UserError
from seqloom.recipe.form_fields import NAME

if TYPE_CHECKING:
    from seqloom.corpus.column_preview import Table
    from seqloom.corpus.column_roles import Roles
    from seqloom.recipe.recipe_template import Start

commands = typer.Typer()

DEPLOYMENTS = Path("prefect.yaml")
TASKS = ("translation", "summarization", "sentiment", "chat", "reconstruction", "generation", "transduction")


@commands.command()
def init(
    name: Annotated[str, typer.Argument(help="Name of the model: letters, digits, . _ -")],
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            help="Table, catalog, translation memory or plain text to learn from; twice for two aligned files "
            "of lines, the source first.",
        ),
    ] = None,
    source: Annotated[str, typer.Option("--source", help="Column of the text that goes in.")] = "",
    target: Annotated[str, typer.Option("--target", help="Column of what should come out.")] = "",
    task: Annotated[str, typer.Option("--task", help=f"One of {', '.join(TASKS)}; else the table tells.")] = "",
    recipe_only: Annotated[bool, typer.Option("--recipe-only", help="Write no prefect.yaml.")] = False,
) -> None:
    """Write a recipe and a prefect.yaml for a table or text of yours, to be changed by hand."""
    if not data and (Path(name).is_file() or "://" in name or "*" in name):
        model = re.sub(r"[^\w.-]+", "-", Path(name).name.partition(".")[0], flags=re.ASCII).strip("-._") or "NAME"
        raise UserError(f"{name} is data, and the model needs a name: seqloom init {model} --data {shlex.quote(name)}")
    if not re.fullmatch(NAME, name):
        raise UserError(f"{name!r} is no name of a model: take letters, digits and . _ -, the first a letter or digit")
    if task and task not in TASKS:
        raise UserError(f"--task {task}: it is one of {', '.join(TASKS)}")
    recipe_file = Path("recipes" if Path("recipes").is_dir() else "") / f"{name}.yaml"
    written = [recipe_file] if recipe_only else [recipe_file, DEPLOYMENTS]
    _require_free(written)
    places = tuple(data or [_ask("Table or text to learn from", "give it with --data FILE")])
    from seqloom.corpus.column_roles import detect_roles

    table = _preview(places)
    roles = detect_roles(table, source, target, task) or _asked_roles(table, source, target, task)
    start = _start(name, recipe_file, places, table, roles)
    recipe = _checked_recipe(start)
    texts = _write_texts(name, table, roles)
    _write(recipe_file, recipe)
    if not recipe_only:
        _write_deployments(start)
    for file in (*texts, *written):
        print(f"wrote {file}")
    print(f"{roles.task}: {_in_words(table, roles)}\n\nNext:")
    print("\n".join(f"  {line}" for line in _next(name, roles.task, recipe_file, recipe_only)))


def _require_free(files: list[Path]) -> None:
    for file in files:
        if file.exists():
            remedy = "give --recipe-only, or go to another folder" if file == DEPLOYMENTS else "choose another name"
            raise UserError(f"{file} is there already, and nothing is overwritten: {remedy}, or move it away")


def _preview(places: tuple[str, ...]) -> "Table":
    from seqloom.corpus.column_preview import preview, preview_aligned

    if len(places) > 2:
        raise UserError(
            "--data is given once for a table or text, and twice for aligned files of source and target lines; "
            "for several files of a kind give a pattern, such as 'data/*.csv'"
        )
    try:
        return preview_aligned(places, home_folder()) if len(places) == 2 else preview(places[0], home_folder())
    except UserError as error:  # there is no recipe yet
        raise UserError(str(error).replace("corpus.train", "--data")) from error


def _asked_roles(table: "Table", source: str, target: str, task: str) -> "Roles":
    """Return the roles of the columns, asked for in the terminal.

    Raises:
        UserError: there is nobody to ask.
    """
    from seqloom.corpus.column_roles import detect_roles

    names = [column.name for column in table.columns] + [column.name for column in table.lists]
    kind = "languages" if table.format in ("tmx", "xliff") else "columns"
    remedy = f"give --source and --target of its {kind} {', '.join(names)}"
    why = f"{table.location}: its {kind} do not tell which is the source and which the target"
    if not names:
        raise UserError(f"{table.location} has no columns, and --task {task} needs two: give a table, or --data twice")
    if not is_terminal():
        raise UserError(f"{why}: {remedy}")
    print(f"{why}; it has {', '.join(names)}.", file=sys.stderr)
    source = source or _ask("Column of the text that goes in", remedy)
    target = target or _ask("Column of what should come out", remedy)
    found = detect_roles(table, source, target, task)
    assert found, "both are said"
    return found


def _ask(question: str, remedy: str) -> str:
    if not is_terminal():
        raise UserError(f"{question} is not told, and there is no terminal to ask in: {remedy}")
    answer: str = typer.prompt(question, err=True)
    return answer.strip()


def _write_texts(name: str, table: "Table", roles: "Roles") -> list[Path]:
    """Write the texts of a table as plain text where they go on from themselves; return the file of it."""
    if not table.columns or roles.task != "generation":
        return []
    from seqloom.corpus.column_preview import write_texts

    file = Path(f"{name}.txt")
    _require_free([file])
    write_texts(table, roles.source, file, home_folder())
    return [file]


def _start(name: str, recipe_file: Path, places: tuple[str, ...], table: "Table", roles: "Roles") -> "Start":
    from seqloom.corpus.dialogue_shape import DialogueShape
    from seqloom.recipe.recipe_template import SMALL, Start

    running, shape = roles.task == "generation", roles.dialogues or DialogueShape(0, 0)
    rows = shape.replies or max((len(column.values) for column in table.columns), default=len(table.lines))
    aligned = table.format == "lines"
    return Start(
        name=name,
        recipe_file=recipe_file.as_posix(),
        places=(f"{name}.txt",) if running and table.columns else places,
        task=roles.task,
        source="" if running or aligned else roles.source,
        target="" if aligned else roles.target,
        header=table.header or running,
        format=_format(table, roles),
        source_language=roles.source_language,
        target_language=roles.target_language,
        max_characters=roles.max_characters,
        rows=rows if rows < SMALL and not running else 0,
        turns=shape.turns,
        turn_separator=shape.turn_separator,
        dialogue_column=shape.dialogue_column,
    )


def _format(table: "Table", roles: "Roles") -> str:
    """Return what corpus.format says: auto wherever the file's name tells it."""
    if roles.format:
        return roles.format
    if roles.task == "generation":
        return "running"
    if (roles.dialogues and roles.dialogues.turn_separator) or (roles.task == "reconstruction" and not roles.source):
        return "texts"
    return "auto" if table.named else table.format


def _checked_recipe(start: "Start") -> str:
    """Return the text of the recipe, validated.

    Raises:
        UserError: the task that somebody asked for does not go with the text.
    """
    from seqloom.recipe.recipe_loader import check_recipe
    from seqloom.recipe.recipe_template import recipe_text
    from seqloom.recipe.strict_yaml import load_yaml

    text = recipe_text(start)
    check_recipe(load_yaml(text), start.recipe_file)
    return text


def _write_deployments(start: "Start") -> None:
    from seqloom.recipe.recipe_template import deployments_text

    _write(DEPLOYMENTS, deployments_text(start))


def _write(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise UserError(f"{file} cannot be written ({error.strerror}): go to a folder of yours") from None


def _in_words(table: "Table", roles: "Roles") -> str:
    if not roles.target:
        return table.location
    if roles.source == roles.target:
        return f"{roles.source} of {table.location}"
    if table.format == "lines":
        return table.location
    languages = f" ({roles.source_language} to {roles.target_language})" if roles.source_language else ""
    return f"{roles.source} to {roles.target} of {table.location}{languages}"


def _next(name: str, task: str, recipe_file: Path, recipe_only: bool) -> list[str]:
    recipe, model = shlex.quote(recipe_file.as_posix()), f"models:/{name}@champion"
    lines = [
        (f"seqloom check {recipe}", "what is in the text, and what will run"),
        (f"seqloom train {recipe}", "to a judged version"),
        (f"seqloom chat {model}", "talk with it") if task == "chat" else (f'seqloom generate {model} "…"', "ask it"),
    ]
    if not recipe_only:
        lines.append(
            ("seqloom up", "every night, with pages in a browser; seqloom deploy for a Prefect server of yours")
        )
    width = max(len(command) for command, _ in lines)
    return [f"{command:<{width}}   # {why}" for command, why in lines]
