"""Flow that searches the values of a recipe's fields: a study of trials, of which those that lag behind end early."""

from collections.abc import Sequence
from datetime import datetime
from math import inf
from time import monotonic
from typing import Annotated

from optuna import Study
from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import Field

from flows.data_to_model import data_to_model
from flows.parameters import FORM, asked_recipe, checked_by_recipe_rules, checked_parameters, form_start, log_edits
from seqloom.artifact.cache_key import TRAINING
from seqloom.artifact.home_folder import home_folder
from seqloom.corpus.download import download_cache
from seqloom.errors import UserError
from seqloom.recipe.applications import metric_of_recipe
from seqloom.recipe.form_fields import NAME
from seqloom.recipe.metric import Metric
from seqloom.recipe.recipe_loader import change_recipe
from seqloom.recipe.schema import Recipe
from seqloom.recipe.search_space import Domain, parse_space
from seqloom.registry.mlflow_access import require_mlflow
from seqloom.registry.preflight import check_resources
from seqloom.registry.run_plan import pinned
from seqloom.tuning.study import (
    PrunerName,
    TrialResult,
    begin_trial,
    finish,
    give_up,
    open_study,
    results,
    storage_url,
    suggest,
)
from seqloom.tuning.trial_pruner import OWN_SCALE, TrialPruned, TrialPruner, is_comparable
from seqloom.url_mask import masked
from tasks.cancellation import end_in_mlflow
from tasks.evaluation_task import validate
from tasks.preparation import prepare
from tasks.registration import finished_run, open_run
from tasks.study_trials import (
    StudyOutcome,
    TrialScore,
    adopt_run,
    best_first,
    close_trial,
    end_pruned_run,
    open_study_run,
    report_study,
    report_trial,
)
from tasks.training_task import row_observer, train

FAILURES_AT_FIRST = 3  # after which a study ends: what fails them will fail all


def _run_name() -> str:
    try:
        asked = checked_parameters(tune.fn, flow_run.parameters)
        name = asked["study"] or asked["recipe_file"] or asked["recipe"].name
    except UserError:  # the run itself will say which
        name = "recipe"
    return f"{masked(name)} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="tune", flow_run_name=_run_name, validate_parameters=False, on_cancellation=[end_in_mlflow])
@checked_by_recipe_rules
def tune(
    recipe_file: str = "",
    recipe: Recipe = FORM,
    override: tuple[str, ...] = (),
    space: tuple[str, ...] = (),
    trials: Annotated[int, Field(ge=1, le=10_000)] = 20,
    hours: Annotated[float, Field(ge=0)] = 0.0,
    pruner: PrunerName = "median",
    study: Annotated[str, Field(pattern=rf"^({NAME})?$")] = "",
    register_best: bool = False,
) -> State[StudyOutcome]:
    """Search the values of some fields, by Optuna: many trials, the best by the validation split, and its recipe.

    The test split is not looked at. A study that is interrupted goes on, and several runs of one study share it.

    Args:
        recipe_file: A recipe on the machine that runs. What you change in the form below goes on top of it. Left empty,
            the form alone is searched around.
        recipe: The recipe to begin with. Fields that few touch come last in each section.
        override: Changes on top of file and form, each written SECTION.FIELD=VALUE.
        space: Fields to search, each written SECTION.FIELD=VALUE,VALUE or SECTION.FIELD=LOW..HIGH.
        trials: Trials of the study, those of earlier runs of it included.
        hours: No trial begins after as many hours; 0 is no limit.
        pruner: What ends a trial early: median, if it is worse than most before it at the same epoch; hyperband, which
            gives many trials a few epochs and few of them all; none.
        study: Name of the study; left empty it is the recipe's.
        register_best: Train and register the best as a version, through the gate.
    """
    ends = monotonic() + 3600 * (hours or inf)
    start = form_start()
    log_edits(recipe, recipe_file, start)
    base = asked_recipe(recipe, recipe_file, override, start)
    domains, metric, name = parse_space(base, space), metric_of_recipe(base), study or base.name
    check_resources(base)
    require_mlflow(home_folder(), base.name, patient=True)
    opened = open_study(storage_url(home_folder()), name, base, domains, metric, _useful(pruner, base, domains))
    run_id = open_study_run(base, name, space)
    with download_cache():  # or trials might not be compared on the same text
        while _goes_on(results(opened, domains), trials) and monotonic() < ends:
            _run_trial(opened, base, domains, metric, run_id)
        best = change_recipe(base, best_first(results(opened, domains), metric)[0].overrides)
        outcome = report_study(opened, name, base, domains, metric, best, run_id)
        if register_best:
            data_to_model(recipe=best)
    return Completed(message=outcome.headline, data=outcome)


@flow(name="trial", flow_run_name="{label}")
def train_and_validate(label: str, recipe: Recipe, metric: str, study_run: str, number: int) -> State[TrialScore]:
    """Train one trial and score it on the validation split; register nothing."""
    recipe, prepared = prepare(pinned(recipe, home_folder()))
    run_id = finished_run(recipe, *prepared, (TRAINING,)) or open_run(recipe, *prepared, force=True)
    adopt_run(study_run, run_id, number)
    try:
        training = train(recipe, *prepared, run_id)
    except TrialPruned as pruned:
        end_pruned_run(run_id)
        return Completed(name="Pruned", message=str(pruned), data=TrialScore(None, run_id, str(pruned)))
    validation = validate(recipe, prepared[0], training, run_id)
    scored = close_trial(recipe, metric, training, validation, run_id)
    return Completed(message=f"{label}: {metric} {scored.score}", data=scored)


def _run_trial(study: Study, recipe: Recipe, space: Sequence[Domain], metric: Metric, study_run: str) -> None:
    """Ask the study for a trial, run it, and tell the study what came of it; one that failed lets the others go on."""
    trial = begin_trial(study)
    overrides = suggest(trial, space)
    watching = row_observer.set(TrialPruner(trial, metric))
    try:
        changed = change_recipe(recipe, overrides)  # values that contradict each other are a failed trial, too
        label = f"trial {trial.number} · {' · '.join(overrides)}"
        state = train_and_validate(label, changed, metric.name, study_run, trial.number, return_state=True)
        made = state.result(raise_on_failure=False)
    except UserError as mistake:
        made = mistake
    finally:
        row_observer.reset(watching)
    if not isinstance(made, TrialScore):
        give_up(study, trial, str(made), pruned=False)
    elif made.score is None:
        give_up(study, trial, made.why, pruned=True)
    else:
        finish(study, trial, made.score, made.run_id)
    report_trial(results(study, space)[-1], metric)


def _goes_on(ended: Sequence[TrialResult], trials: int) -> bool:
    """Return whether another trial begins; not where the first few have all failed."""
    return len(ended) < trials and not (
        len(ended) >= FAILURES_AT_FIRST and all(trial.state == "failed" for trial in ended)
    )


def _useful(pruner: PrunerName, recipe: Recipe, space: Sequence[Domain]) -> PrunerName:
    """Return the pruner; none where the losses of trials do not compare."""
    if pruner == "none" or is_comparable(recipe, space):
        return pruner
    get_run_logger().warning(
        "no trial is pruned: with another vocabulary or corpus a loss per token is on another scale; set "
        "training.select_by to a score, or leave %s out of the search",
        ", ".join(domain.field for domain in space if domain.field.startswith(OWN_SCALE)),
    )
    return "none"
