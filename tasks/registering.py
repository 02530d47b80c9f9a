"""The MLflow run and the registered version."""

from time import monotonic

from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from seqloom.artifact.home import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.artifact.stage import EVALUATION, REGISTRY, TRAINING
from seqloom.recipe.schema import Recipe
from seqloom.registry import runs, versions
from seqloom.registry.planning import follow
from seqloom.registry.tracking import connect
from tasks.staging import patient_task, tell


@patient_task(name="MLflow run", task_run_name="MLflow run · {recipe.name}")
def open_run(
    recipe: Recipe,
    corpus: Manifest,
    vocabulary: Manifest,
    vectors: Manifest,
    batches: Manifest,
    force: bool = False,
) -> str:
    """The id of the MLflow run that this flow run writes to.

    Where a kill left a run open it is that one; where all is done already, and is not to be done again, the run of the
    registered version.
    """
    home = home_folder()
    made = {manifest.stage: manifest.digest for manifest in (corpus, vocabulary, vectors, batches)}
    version = follow(recipe, home, (TRAINING, EVALUATION, REGISTRY), made)[-1].version
    if version and not force:
        return version.run_id
    client = connect(home)
    key = TRAINING.key(recipe, [made[name] for name in TRAINING.reads])
    run_id = runs.open_run(client, recipe, key, str(flow_run.id), corpus, home)
    runs.log_facts(client, run_id, (corpus, vocabulary, vectors, batches))
    return run_id


@patient_task(name="registry", task_run_name="registry · {recipe.name}")
def register(recipe: Recipe, training: Manifest, evaluation: Manifest, run_id: str) -> State[Manifest]:
    """Register the checkpoint as a version, unless exactly this is registered already, and close the run."""
    client = connect(home_folder())
    key = REGISTRY.key(recipe, [training.digest, evaluation.digest])
    started = monotonic()
    found = versions.find_by_key(client, recipe.name, key)
    version = found
    if version is None or version.run_id != run_id:  # a forced run may make again exactly what is registered
        with runs.failing_run_is_closed(client, run_id):
            runs.log_facts(client, run_id, (training, evaluation))
            runs.log_results(client, run_id, evaluation)
            version = versions.register_version(client, recipe, run_id, key, training.path, evaluation)
            client.set_terminated(run_id, "FINISHED")
    facts = {
        "name": version.name,
        "version": version.number,
        "aliases": list(version.aliases),
        "run_id": version.run_id,
        "champion": versions.champion_scores(client, recipe.name),
    }
    manifest = Manifest(REGISTRY.name, key, key, training.folder, round(monotonic() - started, 3), facts)
    return tell(recipe, manifest, cached=found is not None)
