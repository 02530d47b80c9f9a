"""The command `seqloom`: people's output on stdout, or with --json one object there and the rest on stderr."""

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from flows.embedded_prefect import use_embedded_prefect
from flows.input_lines import in_chunks, read_lines
from flows.printing import AsJson
from flows.printing import print_json as _print_json
from flows.registry_commands import commands as registry_commands
from seqloom.artifact.home import home_folder
from seqloom.mistake import UserMistake
from seqloom.preemption import Preempted

LINES_AT_ONCE = 1024  # decoded together: long enough to sort by length, short enough to see output coming

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe: a YAML file, see recipes/.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--override", "-o", metavar="SECTION.FIELD=VALUE", help="Change a field; the value is YAML. Repeatable."
    ),
]
app.registered_commands += registry_commands.registered_commands


@app.command()
def train(recipe: RecipeFile, override: Overrides = None, as_json: AsJson = False) -> None:
    """Run the flow data_to_model: from the recipe's text to a registered model version."""
    home = home_folder()
    console = _console(as_json)
    from seqloom.recipe.loading import load_recipe
    from seqloom.registry.checking import check_places
    from seqloom.registry.planning import plan

    checked = load_recipe(recipe, override or [])
    check_places(checked)
    steps = plan(checked, home)

    use_embedded_prefect(home)
    from flows.data_to_model import data_to_model  # imports Prefect: after every mistake that needs no run to be found
    from flows.terminal import TerminalAudience, show_card, show_plan
    from tasks.watching import audience

    show_plan(console, checked.name, steps)
    watcher = TerminalAudience(console)
    audience.set(watcher)
    with watcher.live():
        outcome = data_to_model(checked)
    show_card(console, outcome, home)
    if as_json:
        _print_json(outcome.as_json())


@app.command()
def generate(
    model: Annotated[str, typer.Argument(help="models:/NAME@ALIAS, models:/NAME/VERSION or a checkpoint folder.")],
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT ...]", help="Texts; else --file, else stdin.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A UTF-8 file, one text per line.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write one line of output for each line of input, in order."""
    if texts and file:
        raise UserMistake("texts and --file are given both; give one of them")
    from seqloom.decoding.exported import load_generator
    from seqloom.registry.lookup import find_checkpoint

    generator = load_generator(find_checkpoint(model, home_folder()))
    answers: list[str] = []
    for chunk in in_chunks(_lines(texts, file), LINES_AT_ONCE):
        written = generator.generate(chunk)
        if as_json:
            answers += written
        else:
            sys.stdout.writelines(f"{answer}\n" for answer in written)
            sys.stdout.flush()
    if as_json:
        _print_json({"model": model, "outputs": answers})


@app.command()
def check(recipe: RecipeFile, override: Overrides = None, as_json: AsJson = False) -> None:
    """Validate a recipe and every line of its files, and print the plan without running it."""
    console = _console(as_json)
    from flows.terminal import TerminalAudience, show_plan, show_recipe
    from seqloom.recipe.loading import load_recipe
    from seqloom.registry.checking import check_recipe_and_files

    checked = load_recipe(recipe, override or [])
    watcher = TerminalAudience(console)
    with watcher.live():
        steps = check_recipe_and_files(checked, home_folder(), watcher.progress("reading"))
    show_recipe(console, checked)
    show_plan(console, checked.name, steps)
    if as_json:
        plan = {step.stage: "cached" if step.cached else "will run" for step in steps}
        _print_json({"recipe": checked.model_dump(), "plan": plan})


def main() -> NoReturn:
    """Exit with 0, with 2 for a user's mistake (one sentence, no traceback), with 1 for a fault of ours.

    SIGTERM and Ctrl-C exit with 143 and 130, as shells expect.
    """
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    try:
        app()
    except UserMistake as mistake:
        _fail(str(mistake), 2)
    except SystemExit as end:  # of Typer, which catches Ctrl-C and a closed pipe before us
        if end.code in (130, 143):
            _fail(_where_it_stopped(end), int(end.code))
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # whoever read our output has seen enough
    except Exception:
        traceback.print_exc()
        _fail("this is a fault of Seqloom, not of yours: please report the lines above", 1)
    sys.exit(0)


def _where_it_stopped(error: BaseException) -> str:
    """What a training that had to stop said, if it was one."""
    while not isinstance(error, Preempted):
        cause = error.__cause__ or error.__context__
        if cause is None:
            return "stopped; the same command continues"
        error = cause
    return str(error)


def _lines(texts: list[str] | None, file: Path | None) -> Iterator[str]:
    if texts:
        for text in texts:
            yield from text.splitlines() or [""]
    elif file:
        try:
            with file.open("rb") as stream:
                yield from read_lines(stream, str(file))
        except OSError as error:
            raise UserMistake(f"{file}: cannot be read ({error.strerror}); correct --file") from None
    else:
        if sys.stdin.isatty():
            raise UserMistake("no text is given: write it behind the model, name a --file, or pipe it in")
        yield from read_lines(sys.stdin.buffer, "stdin")


def _console(as_json: bool) -> Console:
    return Console(stderr=as_json)


def _fail(sentence: str, code: int) -> NoReturn:
    print(f"seqloom: {sentence}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
