"""The command `tune`: search the values of a recipe's fields."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, cast

import typer

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.stdio import AsJson, console_for, print_json
from seqloom.cli.train_commands import Overrides, RecipeFile, import_for_training
from seqloom.stack.server_addresses import in_words

if TYPE_CHECKING:
    from seqloom.tuning.study import PrunerName
    from tasks.study_trials import StudyOutcome

commands = typer.Typer()


@commands.command()
def tune(
    recipe: RecipeFile,
    space: Annotated[
        list[str],
        typer.Option(
            "--space",
            metavar="SECTION.FIELD=LOW..HIGH",
            help="Search a field: LOW..HIGH, drawn by its logarithm where HIGH is ten times LOW, or VALUE,VALUE. "
            "Repeatable.",
        ),
    ],
    override: Overrides = None,
    trials: Annotated[int, typer.Option("--trials", help="Trials of the study, those before included.")] = 20,
    hours: Annotated[float, typer.Option("--hours", help="Begin no trial after as many hours; 0: no limit.")] = 0.0,
    pruner: Annotated[str, typer.Option("--pruner", help="Ends trials early: median, hyperband or none.")] = "median",
    study: Annotated[str, typer.Option("--study", help="Name of the study; the recipe's if it is not given.")] = "",
    register_best: Annotated[
        bool, typer.Option("--register-best", help="Train and register the best, through the gate.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search the values of some fields of a recipe: many trials, those that lag behind end early, the best is kept."""
    home = home_folder()
    console = console_for(as_json)
    from flows.parameters import FORM
    from seqloom.recipe.recipe_loader import load_recipe
    from seqloom.recipe.search_space import parse_space
    from seqloom.registry.mlflow_access import require_mlflow
    from seqloom.registry.preflight import check_resources
    from seqloom.registry.run_plan import plan
    from seqloom.stack.embedded_prefect import use_embedded_prefect
    from seqloom.url_mask import masked

    changes, fields = (tuple(map(masked, said or ())) for said in (override, space))
    checked = load_recipe(recipe, changes)
    parse_space(checked, fields)
    check_resources(checked)
    plan(checked, home)
    servers = in_words(home)
    server = use_embedded_prefect(home)
    require_mlflow(home, checked.name)
    from flows.tune import tune as tune_flow
    from seqloom.cli.progress_bars import TerminalAudience
    from seqloom.cli.terminal import show_study
    from tasks.progress_artifacts import audience

    console.print(servers, style="dim", highlight=False, soft_wrap=True)
    watcher = TerminalAudience(console)
    audience.set(watcher)
    if server:
        import_for_training(home)
        server.wait()
    with watcher.live():
        state = tune_flow(
            str(recipe), FORM, changes, fields, trials, hours, cast("PrunerName", pruner), study, register_best
        )
    outcome = cast("StudyOutcome", state)
    show_study(console, outcome)
    if as_json:
        print_json(asdict(outcome))
