"""The main flow: one recipe in, one registered version out."""

import os
from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows.outcome import Champion, Outcome
from seqloom.artifact.home import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.recipe.schema import Recipe
from seqloom.registry.continuing import pin_parent
from tasks.describing import write_card
from tasks.evaluating import evaluate
from tasks.gating import pass_gate
from tasks.headlines import headline
from tasks.preparing import make_batches, make_vectors, make_vocabulary, prepare_corpus
from tasks.registering import open_run, register
from tasks.training import train


def _run_name() -> str:
    recipe: Recipe = flow_run.parameters["recipe"]
    model = recipe.model
    return f"{recipe.name} · {model.encoder}→{model.decoder} {model.attention} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="data-to-model", flow_run_name=_run_name, validate_parameters=True)
def data_to_model(recipe: Recipe) -> Outcome:
    """Corpus, vocabulary, word vectors, batches, training, evaluation, registry: what is done already is reused."""
    recipe = pin_parent(recipe, home_folder())
    corpus = prepare_corpus(recipe)
    vocabulary = make_vocabulary(recipe, corpus)
    vectors = make_vectors(recipe, corpus, vocabulary)
    batches = make_batches(recipe, corpus, vocabulary)
    run_id = open_run(recipe, corpus, vocabulary, vectors, batches)
    training = train(recipe, corpus, vocabulary, vectors, batches, run_id)
    evaluation = evaluate(recipe, corpus, batches, training, run_id)
    version = register(recipe, training, evaluation, run_id)
    write_card(recipe, [corpus, vocabulary, vectors, batches, training, evaluation], version)
    gate = pass_gate(recipe, corpus, evaluation, version)
    return _outcome([corpus, vocabulary, vectors, batches, training, evaluation, version, gate])


def _outcome(states: list[State[Manifest]]) -> Outcome:
    manifests: list[Manifest] = [state.result() for state in states]
    cached = {manifest.stage for manifest, state in zip(manifests, states, strict=True) if state.name == "Cached"}
    done = {manifest.stage: manifest for manifest in manifests}
    registry, gate = done["registry"].facts, done["gate"].facts
    champion = gate["champion"]
    return Outcome(
        model=registry["name"],
        version=registry["version"],
        aliases=list(gate["aliases"]),
        gate=headline(done["gate"]),
        run_id=registry["run_id"],
        checkpoint=done["training"].folder,
        metrics=done["evaluation"].facts["metrics"],
        stages={name: "cached" if name in cached else manifest.seconds for name, manifest in done.items()},
        flow_run=str(flow_run.id),
        prefect_url=str(flow_run.ui_url or "") if os.environ.get("PREFECT_API_URL") else "",
        champion=Champion(**champion) if champion else None,
        examples=done["evaluation"].facts["examples"],
    )
