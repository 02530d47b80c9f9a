"""The command `seqloom`: people's output on stdout, or with --json one object there and the rest on stderr."""

import os
import signal
import sys
import traceback
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from rich.console import Console

from flows.embedded_prefect import use_embedded_prefect
from flows.input_lines import in_chunks, read_lines
from flows.printing import AsJson
from flows.printing import print_json as _print_json
from flows.registry_commands import commands as registry_commands
from flows.stack.presence import join
from seqloom.artifact.home import home_folder
from seqloom.mistake import UserMistake
from seqloom.preemption import Preempted

LINES_AT_ONCE = 1024  # decoded together: long enough to sort by length, short enough to see output coming

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)

ModelName = Annotated[str, typer.Argument(help="models:/NAME@ALIAS, models:/NAME/VERSION or a checkpoint folder.")]
RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe: a YAML file, see recipes/.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--override", "-o", metavar="SECTION.FIELD=VALUE", help="Change a field; the value is YAML. Repeatable."
    ),
]
app.registered_commands += registry_commands.registered_commands


@app.callback()
def speak_to_the_stack() -> None:
    """Before every command."""
    join(home_folder())


@app.command()
def train(
    recipe: RecipeFile,
    override: Overrides = None,
    force: Annotated[bool, typer.Option("--force", help="Do every stage again though it is finished.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the flow data_to_model: from the recipe's text to a registered model version."""
    home = home_folder()
    console = _console(as_json)
    from seqloom.recipe.loading import load_recipe
    from seqloom.registry.checking import check_places
    from seqloom.registry.planning import STAGES, Step, follow, pinned, read_sources

    checked = load_recipe(recipe, override or [])
    check_places(checked)
    checked = pinned(checked, home)
    sources = read_sources(checked, home)
    server = use_embedded_prefect(home)  # after every mistake that needs no run to be found, and beside what follows
    steps = [Step(step.stage) if force else step for step in follow(checked, home, STAGES, sources)]
    from flows.data_to_model import data_to_model  # imports Prefect
    from flows.terminal import TerminalAudience, show_card, show_plan
    from tasks.watching import audience

    show_plan(console, checked.name, steps)
    watcher = TerminalAudience(console)
    audience.set(watcher)
    if server:
        server.wait()
    with watcher.live():
        outcome = data_to_model(checked, force=force)
    show_card(console, outcome, home)
    if as_json:
        _print_json(outcome.as_json())


@app.command()
def compare(
    recipes: Annotated[list[Path], typer.Argument(metavar="RECIPE...", help="Recipes: YAML files, see recipes/.")],
    override: Overrides = None,
    grid: Annotated[
        list[str] | None,
        typer.Option("--grid", metavar="SECTION.FIELD=VALUE,VALUE", help="Try several values of a field. Repeatable."),
    ] = None,
    register_best: Annotated[
        bool, typer.Option("--register-best", help="Register the best as a version; else none is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Train several recipes, or all combinations of a grid, and rank them by quality with what each costs."""
    home = home_folder()
    console = _console(as_json)
    from flows.asking import FORM, asked_variants
    from seqloom.registry.checking import check_places
    from seqloom.registry.planning import plan

    files = tuple(map(str, recipes))
    variants = asked_variants(FORM, files, override or (), grid or ())
    for variant in variants:
        check_places(variant.recipe)
        plan(variant.recipe, home)

    server = use_embedded_prefect(home)
    from flows.compare import compare as compare_flow
    from flows.terminal import TerminalAudience, show_comparison
    from tasks.watching import audience

    if server:
        server.wait()
    console.print(f"Comparing {len(variants)} models:", *(f"\n  {variant.label}" for variant in variants), "\n")
    watcher = TerminalAudience(console)
    audience.set(watcher)
    with watcher.live():
        comparison = compare_flow(FORM, files, tuple(override or ()), tuple(grid or ()), register_best)
    show_comparison(console, comparison)
    if as_json:
        _print_json(asdict(comparison))


@app.command()
def generate(
    model: ModelName,
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
def batch(
    model: ModelName,
    file: Annotated[
        Path, typer.Argument(help="Lines of text, TSV, CSV, JSONL (each also gzipped) or Parquet, by its name.")
    ],
    to: Annotated[Path, typer.Option("--to", help="Folder for the output; a next run goes on with what is there.")],
    column: Annotated[str, typer.Option("--column", help="Column or JSON key of the text.")] = "source",
    shard_rows: Annotated[int, typer.Option("--shard-rows", min=1, help="Rows in a shard.")] = 10_000,
    max_characters: Annotated[int, typer.Option("--max-characters", min=1, help="A longer text is a failure.")] = 5_000,
    as_json: AsJson = False,
) -> None:
    """Write a file's columns and a prediction for each row to Parquet, in shards; what fails is listed."""
    console = _console(as_json)
    from flows.terminal import TerminalAudience, show_report
    from seqloom.bulk.generating import Bulk, generate_in_bulk
    from seqloom.bulk.reading import open_input
    from seqloom.decoding.generator import Generator
    from seqloom.registry.lookup import find_checkpoint
    from seqloom.training.device import choose_device

    checkpoint = find_checkpoint(model, home_folder())
    bulk = Bulk(model, checkpoint, open_input(file, "auto", column), shard_rows, max_characters)
    generator = Generator.load(checkpoint)
    generator.model.to(choose_device("auto"))
    watcher = TerminalAudience(console)
    with watcher.live():
        report = generate_in_bulk(bulk, generator, to, watcher.progress("generate"))
    show_report(console, report)
    if as_json:
        _print_json(asdict(report))


@app.command("clean-up")
def clean_up(
    days: Annotated[
        int, typer.Option("--days", min=0, help="Days for which a stage that a run asked for is kept.")
    ] = 30,
    delete: Annotated[bool, typer.Option("--delete", help="Really remove them; else nothing is touched.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say which artifacts no registered version and no recent run needs, or remove them."""
    console = _console(as_json)
    from flows.terminal import show_clean_up
    from seqloom.registry import clean_up as registry

    done = registry.clean_up(home_folder(), days, delete)
    show_clean_up(console, done)
    if as_json:
        _print_json(asdict(done))


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


@app.command()
def up(
    prefect_port: Annotated[int, typer.Option(envvar="SEQLOOM_PREFECT_PORT", min=1, max=65535)] = 4200,
    mlflow_port: Annotated[int, typer.Option(envvar="SEQLOOM_MLFLOW_PORT", min=1, max=65535)] = 5000,
) -> None:
    """Start Prefect, MLflow and workers on this machine, with every deployment of prefect.yaml, until Ctrl-C."""
    from flows.stack.child import StackFailure
    from flows.stack.layout import Layout
    from flows.stack.supervising import up as keep_up

    layout = Layout(home_folder(), prefect_port, mlflow_port, os.environ.get("SEQLOOM_DATABASE_URL", ""))
    try:
        keep_up(layout, partial(print, flush=True))
    except StackFailure as failure:
        _fail(str(failure), 1)


@app.command()
def deploy(
    gpus: Annotated[
        int | None, typer.Option(min=1, help="Runs that may hold a GPU at once; by default one for each GPU here.")
    ] = None,
    silence: Annotated[
        int,
        typer.Option(
            envvar="SEQLOOM_SILENCE_SECONDS", min=31, help="Seconds without a heartbeat until a run has crashed."
        ),
    ] = 180,
    as_json: AsJson = False,
) -> None:
    """Give the server of PREFECT_API_URL what Seqloom needs, as `up` does: pools, the GPU limit, deployments."""
    _need_prefect()
    from flows.stack.furnishing import furnish

    furnished = furnish(gpus, silence)
    if as_json:
        _print_json(asdict(furnished))
    else:
        print(f"deployed {', '.join(furnished.deployments)}; GPU slots: {furnished.gpu_slots}")


@app.command()
def worker(pool: Annotated[str, typer.Argument(help="seqloom-cpu or seqloom-gpu.")]) -> None:
    """Run what the server of PREFECT_API_URL schedules in a pool, until Ctrl-C; for machines where no stack is up."""
    _need_prefect()
    from flows.stack.child import StackFailure
    from flows.stack.working import work

    try:
        work(pool, partial(print, flush=True))
    except StackFailure as failure:
        _fail(str(failure), 1)


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


def _need_prefect() -> None:
    if not os.environ.get("PREFECT_API_URL"):
        raise UserMistake(
            "there is no Prefect server to speak to: start one with seqloom up, or set PREFECT_API_URL to its address, "
            "ending in /api"
        )


def _console(as_json: bool) -> Console:
    return Console(stderr=as_json)


def _fail(sentence: str, code: int) -> NoReturn:
    print(f"seqloom: {sentence}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
