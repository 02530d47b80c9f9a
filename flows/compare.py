"""Flow that trains several recipes, or a grid of overrides, and ranks them by quality with their cost."""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.data_to_model import data_to_model
from flows.parameters import (
    FORM,
    Variant,
    asked_variants,
    checked_by_recipe_rules,
    checked_parameters,
    form_start,
    log_edits,
)
from seqloom.artifact.cache_key import EVALUATION, TRAINING
from seqloom.artifact.home_folder import home_folder
from seqloom.corpus.download import download_cache
from seqloom.errors import UserError
from seqloom.evaluation.model_comparison import Candidate
from seqloom.recipe.applications import application_of, metric_of_recipe
from seqloom.recipe.schema import Recipe
from seqloom.registry.mlflow_access import require_mlflow
from seqloom.registry.preflight import check_resources
from seqloom.registry.run_plan import pinned
from seqloom.url_mask import masked
from tasks.cancellation import end_in_mlflow
from tasks.comparison import Comparison, measure, rank
from tasks.evaluation_task import evaluate, validate
from tasks.preparation import prepare
from tasks.registration import finished_run, open_run
from tasks.training_task import train


def _run_name() -> str:
    try:
        asked = checked_parameters(compare.fn, flow_run.parameters)
        names = [*(asked["recipe_files"] or [asked["recipe"].name]), *asked["grid"]]
    except UserError:  # the run itself will say which
        names = ["recipes"]
    return f"{masked(' · '.join(names))} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="compare", flow_run_name=_run_name, validate_parameters=False, on_cancellation=[end_in_mlflow])
@checked_by_recipe_rules
def compare(
    recipe_files: tuple[str, ...] = (),
    recipe: Recipe = FORM,
    override: tuple[str, ...] = (),
    grid: tuple[str, ...] = (),
    register_best: bool = False,
) -> State[Comparison]:
    """Train several models side by side: one table and one figure, best first, with what each costs.

    The validation split ranks them; the test split, which chose none of them, says how good each is.

    Args:
        recipe_files: Recipes on the machine that runs. What you change in the form below goes on top of each of them;
            what you leave as it is comes from the files. Left empty, the form alone is what is varied.
        recipe: What to vary. Fields that few touch come last in each section.
        override: Changes on top of files and form, each written SECTION.FIELD=VALUE, such as training.epochs=40.
        grid: Fields to try several values of, each written SECTION.FIELD=VALUE,VALUE; all combinations are trained.
        register_best: Register the best as a version. The others leave their MLflow runs only, and so does the best
            without it.
    """
    start = form_start()
    log_edits(recipe, ", ".join(recipe_files), start)
    variants = asked_variants(recipe, recipe_files, override, grid, start)
    for variant in variants:
        check_resources(variant.recipe)
        require_mlflow(home_folder(), variant.recipe.name, patient=True)
    first = variants[0].recipe
    metric = metric_of_recipe(first)
    with download_cache():  # or they might not be compared on the same text
        comparison = rank([_candidate(variant, metric.name) for variant in variants], first.task, metric)
        if register_best:
            best = next(variant.recipe for variant in variants if variant.label == comparison.best.label)
            data_to_model(recipe=best)
    return Completed(message=comparison.headline, data=comparison)


@flow(name="train-and-score", flow_run_name="{label}")
def train_and_score(label: str, recipe: Recipe, metric: str) -> Candidate:
    """Train one candidate and score it by the metric of the comparison; register nothing."""
    recipe, prepared = prepare(pinned(recipe, home_folder()))
    corpus, _, _, dataset = prepared
    # Where that of a registered version is none that is finished, it was deleted, and takes no metrics any more.
    run_id = finished_run(recipe, *prepared, (TRAINING, EVALUATION)) or open_run(recipe, *prepared, force=True)
    training = train(recipe, *prepared, run_id)
    evaluation = evaluate(recipe, corpus, dataset, training, run_id)
    validation = validate(recipe, corpus, training, run_id)
    return measure(label, application_of(recipe.task).judged[metric], corpus, training, evaluation, validation, run_id)


def _candidate(variant: Variant, metric: str) -> Candidate:
    """Return a candidate; the table shows one that failed with its error, and the others go on."""
    state = train_and_score(variant.label, variant.recipe, metric, return_state=True)
    result = state.result(raise_on_failure=False)
    return result if isinstance(result, Candidate) else Candidate(variant.label, failure=str(result))
