"""Main flow: from one recipe to one registered version."""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.parameters import FORM, asked_recipe, checked_by_recipe_rules, checked_parameters, form_start, log_edits
from seqloom.artifact.home_folder import home_folder
from seqloom.errors import UserError
from seqloom.recipe.schema import Recipe
from seqloom.registry.mlflow_access import require_mlflow
from seqloom.registry.preflight import check_resources
from seqloom.registry.run_plan import pinned
from seqloom.url_mask import masked
from tasks.cancellation import end_in_mlflow
from tasks.evaluation_task import evaluate
from tasks.export_task import add_form
from tasks.gate_task import pass_gate
from tasks.headlines import state_name
from tasks.outcome import Outcome, outcome_of
from tasks.preparation import prepare
from tasks.registration import open_run, register, write_card
from tasks.run_names import run_name
from tasks.training_task import train


def _run_name() -> str:
    try:
        asked = checked_parameters(data_to_model.fn, flow_run.parameters)
        return run_name(asked_recipe(asked["recipe"], asked["recipe_file"], asked["override"], form_start()))
    except UserError:  # the run itself will say which
        return f"{masked(str(flow_run.parameters.get('recipe_file') or 'recipe'))} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="data-to-model", flow_run_name=_run_name, validate_parameters=False, on_cancellation=[end_in_mlflow])
@checked_by_recipe_rules
def data_to_model(
    recipe_file: str = "", recipe: Recipe = FORM, override: tuple[str, ...] = (), force: bool = False
) -> State[Outcome]:
    """From a recipe's text to a registered model version; stages that are finished already are reused.

    The run's state is named after what became of the version, so that the list of runs tells a refused one.

    Args:
        recipe_file: A recipe on the machine that runs, such as recipes/demo.yaml. What you change in the form below
            goes on top of it; what you leave as it is comes from the file. Left empty, the form alone is the recipe.
        recipe: What to make. Fields that few touch come last in each section.
        override: Changes on top of file and form, each written SECTION.FIELD=VALUE, such as training.epochs=40.
        force: Do every stage again though it is finished, and register what comes of it.
    """
    start = form_start()
    log_edits(recipe, recipe_file, start)
    recipe = asked_recipe(recipe, recipe_file, override, start)
    check_resources(recipe)
    require_mlflow(home_folder(), recipe.name, patient=True)
    recipe = pinned(recipe, home_folder())
    recipe, prepared = prepare(recipe, force)
    corpus, _, _, dataset = prepared
    run_id = open_run(recipe, *prepared, force)
    training = train(recipe, *prepared, run_id, force)
    evaluation = evaluate(recipe, corpus, dataset, training, run_id, force)
    version = register(recipe, training, evaluation, run_id)
    write_card(recipe, [*prepared, training, evaluation], version)
    add_form(recipe, version)
    gate = pass_gate(recipe, corpus, evaluation, version)
    outcome = outcome_of(recipe, corpus.result(), [*prepared, training, evaluation, version, gate])
    return Completed(name=state_name(outcome.verdict), message=outcome.gate, data=outcome)
