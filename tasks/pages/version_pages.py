"""Pages of a registered version: scores beside the champion's, the gate's verdict, the note on its MLflow run."""

from collections.abc import Iterator, Mapping
from typing import Any

from seqloom.artifact.manifest import Manifest
from seqloom.recipe.applications import application_of
from seqloom.recipe.schema import Recipe
from seqloom.registry.mlflow_runs import FlowRun
from tasks.headlines import VERDICTS
from tasks.pages.markdown import text
from tasks.pages.model_pages import examples, scores_table
from tasks.run_names import recipe_and_model


def registry_page(manifest: Manifest) -> Iterator[str]:
    """Yield the version with its aliases, its scores, and how to try it."""
    facts = manifest.facts
    aliases = ", ".join(f"`{alias}`" for alias in facts["aliases"]) or "none"
    yield f"Version **{facts['version']}** of **{facts['name']}**, aliases: {aliases}.\n"
    yield comparison(facts)
    yield links(facts)


def comparison(facts: Mapping[str, Any]) -> str:
    """Return the scores of the version, of the champion where that is another, and of the baselines."""
    champion = dict(facts["champion"] or {})
    number = champion.pop("version", None)
    others = {} if number in (None, facts["version"]) else {f"champion, version {number}": champion}
    return scores_table(facts["task"], facts["metrics"], f"version {facts['version']}", others)


def links(facts: Mapping[str, Any]) -> str:
    """Return links to MLflow, or without a server the command that starts one, and the command to try the model."""
    uri = f"models:/{facts['name']}/{facts['version']}"
    if facts["version_url"]:
        found_at = f"[The version]({facts['version_url']}) and [its run]({facts['run_url']}) in MLflow."
    else:
        found_at = f"MLflow has no server here: `{facts['mlflow_command']}` shows run `{facts['run_id']}` in a browser."
    return f'{found_at}\n\nTry it:\n\n```\nseqloom generate {uri} "…"\n```\n'


def gate_page(manifest: Manifest) -> Iterator[str]:
    """Yield the verdict with its reason, the champion, and where the rules are shown one by one."""
    facts = manifest.facts
    yield f"Version **{facts['version']}** {VERDICTS[facts['verdict']]}: {text(facts['why'])}\n"
    champion = facts["champion"]
    if not champion:
        yield "There is no champion.\n"
    elif champion["version"] != facts["version"]:
        judged = application_of(facts["task"]).judged.items()
        scores = " and ".join(f"{measure.label} {measure.shown(champion[name])}" for name, measure in judged)
        yield f"Champion is version **{champion['version']}**, with {scores} when it was registered.\n"
    yield "Every rule, with what was measured for it, is in the table *gate-evidence* of the run that judged it.\n"


def run_description(recipe: Recipe, registered: Manifest, evaluation: Manifest, flow_run: FlowRun) -> str:
    """Return the note on the MLflow run of a version: scores, examples, and the link back to Prefect."""
    back = f"[{flow_run.name}]({flow_run.url})" if flow_run.url else f"{flow_run.name} (`{flow_run.id}`)"
    return "\n".join(
        [
            f"**{recipe_and_model(recipe)}** is version {registered.facts['version']} of {registered.facts['name']}.",
            f"{recipe.registry.description}\n",
            comparison(registered.facts),
            examples(evaluation.facts["examples"]),
            f"Made by the Prefect flow run {back}.",
        ]
    )
