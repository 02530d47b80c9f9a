"""Flow that registers an ensemble: versions that answer together, judged and promoted as one."""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.parameters import checked_by_recipe_rules
from seqloom.artifact.home_folder import home_folder
from seqloom.registry.mlflow_access import require_mlflow
from tasks.cancellation import end_in_mlflow
from tasks.ensemble_task import combine, find_members
from tasks.evaluation_task import evaluate
from tasks.gate_task import pass_gate
from tasks.headlines import state_name
from tasks.outcome import Outcome, outcome_of
from tasks.registration import open_ensemble_run, register, write_card


def _run_name() -> str:
    asked = flow_run.parameters
    return f"{asked['to']} · ensemble of {len(asked['models'])} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="ensemble", flow_run_name=_run_name, validate_parameters=False, on_cancellation=[end_in_mlflow])
@checked_by_recipe_rules
def ensemble_version(models: tuple[str, ...], to: str, override: tuple[str, ...] = ()) -> State[Outcome]:
    """Registered versions that answer together, as a version of its own: evaluated on the first's test rows, gated.

    At every token the probabilities of all members are averaged. Nothing is trained; the version holds its members.

    Args:
        models: Two members or more, each models:/NAME@ALIAS or models:/NAME/VERSION, of one task and one vocabulary.
            How texts are read, searched for and judged is as the recipe of the first has it.
        to: Name of the registered model that gets the version; its champion is what the gate compares it with.
        override: Changes in how it is searched for and judged, each written SECTION.FIELD=VALUE, such as
            registry.policy=not-worse.
    """
    require_mlflow(home_folder(), to, patient=True)
    plan = find_members(models, to, override)
    recipe, corpus = plan.recipe, plan.corpus
    ensemble = combine(plan)
    run_id = open_ensemble_run(plan, ensemble)
    evaluation = evaluate(recipe, corpus, plan.dataset, ensemble, run_id, other_corpora=plan.other_corpora)
    version = register(recipe, ensemble, evaluation, run_id)
    learned = [corpus, *plan.other_corpora, *plan.inherited]
    write_card(recipe, [*learned, plan.vocabulary, plan.dataset, ensemble, evaluation], version)
    gate = pass_gate(recipe, corpus, evaluation, version)
    outcome = outcome_of(recipe, corpus, [ensemble, evaluation, version, gate])
    return Completed(name=state_name(outcome.verdict), message=outcome.gate, data=outcome)
