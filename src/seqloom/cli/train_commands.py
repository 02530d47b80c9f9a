"""Commands that take recipes: train, compare, check."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.stdio import AsJson, console_for, print_json
from seqloom.stack.server_addresses import in_words, require_named_prefect

if TYPE_CHECKING:
    from tasks.comparison import Comparison
    from tasks.outcome import Outcome

commands = typer.Typer()

RecipeFile = Annotated[Path, typer.Argument(metavar="RECIPE", help="A recipe: a YAML file, see recipes/.")]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--override", "-o", metavar="SECTION.FIELD=VALUE", help="Change a field; the value is YAML. Repeatable."
    ),
]


@commands.command()
def train(
    recipe: RecipeFile,
    override: Overrides = None,
    force: Annotated[bool, typer.Option("--force", help="Do every stage again though it is finished.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run the flow data_to_model: from the recipe's text to a registered model version."""
    home = home_folder()
    console = console_for(as_json)
    from seqloom.artifact.cache_key import STAGES
    from seqloom.recipe.recipe_loader import load_recipe
    from seqloom.registry.mlflow_access import require_mlflow
    from seqloom.registry.preflight import check_resources
    from seqloom.registry.run_plan import Step, follow, pinned, read_sources
    from seqloom.stack.embedded_prefect import use_embedded_prefect

    checked = load_recipe(recipe, override or [])
    check_resources(checked)
    checked = pinned(checked, home)
    sources = read_sources(checked, home)
    servers = in_words(home)
    server = use_embedded_prefect(home)  # after every mistake that needs no run to be found, and beside what follows
    require_mlflow(home, checked.name)
    steps = follow(checked, home, STAGES, sources)
    if force:
        steps = [Step(step.stage, position=step.position) for step in steps]
    from flows.data_to_model import data_to_model  # imports Prefect
    from seqloom.cli.progress_bars import TerminalAudience
    from seqloom.cli.terminal import show_card, show_plan
    from tasks.progress_artifacts import audience

    console.print(servers, style="dim", highlight=False, soft_wrap=True)
    show_plan(console, checked.name, steps)
    watcher = TerminalAudience(console)
    audience.set(watcher)
    if server:
        if not all(step.cached for step in steps):
            import_for_training(home)
        server.wait()
    with watcher.live():
        outcome = cast("Outcome", data_to_model(recipe=checked, force=force))  # Prefect returns what the state holds
    show_card(console, outcome, home)
    if as_json:
        print_json(outcome.as_json())


def import_for_training(home: Path) -> None:
    """Import what a training needs, seconds of work, while Prefect's server starts on another core."""
    import seqloom.evaluation.stage
    import seqloom.training.stage
    import seqloom.vectors.word2vec  # noqa: F401
    from seqloom.registry.mlflow_tracking import make_database

    make_database(home)


@commands.command()
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
    console = console_for(as_json)
    from flows.parameters import FORM, asked_variants
    from seqloom.registry.mlflow_access import require_mlflow
    from seqloom.registry.preflight import check_resources
    from seqloom.registry.run_plan import plan
    from seqloom.stack.embedded_prefect import use_embedded_prefect
    from seqloom.url_mask import masked

    files = tuple(map(str, recipes))
    changes, varied = (tuple(map(masked, said or ())) for said in (override, grid))  # before Prefect writes them down
    variants = asked_variants(FORM, files, changes, varied)
    for variant in variants:
        check_resources(variant.recipe)
        plan(variant.recipe, home)

    servers = in_words(home)
    server = use_embedded_prefect(home)
    for name in {variant.recipe.name for variant in variants}:
        require_mlflow(home, name)
    from flows.compare import compare as compare_flow
    from seqloom.cli.progress_bars import TerminalAudience
    from seqloom.cli.terminal import show_comparison
    from tasks.progress_artifacts import audience

    if server:
        import_for_training(home)
        server.wait()
    console.print(servers, style="dim", highlight=False, soft_wrap=True)
    console.print(f"Comparing {len(variants)} models:", *(f"\n  {variant.label}" for variant in variants), "\n")
    watcher = TerminalAudience(console)
    audience.set(watcher)
    with watcher.live():
        comparison = cast("Comparison", compare_flow(files, FORM, changes, varied, register_best))
    show_comparison(console, comparison)
    if as_json:
        print_json(asdict(comparison))


@commands.command()
def check(
    recipe: RecipeFile,
    override: Overrides = None,
    time: Annotated[
        bool, typer.Option("--time/--no-time", help="Make some updates, and tell how long all will take; seconds.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Validate a recipe and every line of its files, and print what is in them and the plan, without running it."""
    console = console_for(as_json)
    from seqloom.cli.data_report import show_data
    from seqloom.cli.progress_bars import TerminalAudience
    from seqloom.cli.terminal import show_plan, show_recipe
    from seqloom.recipe.recipe_loader import load_recipe
    from seqloom.registry.local_registry import is_local_and_alive
    from seqloom.registry.preflight import check_recipe_and_files
    from seqloom.registry.tracking_uri import has_registry

    home = home_folder()
    checked = load_recipe(recipe, override or [])
    servers = in_words(home)
    require_named_prefect(home)
    if has_registry(home) and not is_local_and_alive(home, checked.name):
        from seqloom.registry.mlflow_access import require_mlflow  # MLflow: seconds

        require_mlflow(home, checked.name)
    watcher = TerminalAudience(console)
    with watcher.live():
        found = check_recipe_and_files(checked, home, watcher.progress("reading"), time)
    console.print(servers, style="dim", highlight=False, soft_wrap=True)
    show_recipe(console, checked)
    show_data(console, found)
    show_plan(console, checked.name, found.steps)
    if as_json:
        plan = {step.stage: step.told for step in found.steps}
        data = {"servers": servers, "corpus": found.corpus, "vocabulary": {"unknown": found.coming.unknown}}
        coming = found.coming
        seconds = 0 if coming.done else None if coming.seconds is None else round(coming.seconds)
        asked = {"teacher": asdict(found.teaching)} if found.teaching else {}
        to_come = {"chosen": found.adapted.reason, "updates": coming.updates, "seconds": seconds, **asked}
        print_json({"recipe": found.adapted.recipe.model_dump(), "plan": plan, **data, "training": to_come})
