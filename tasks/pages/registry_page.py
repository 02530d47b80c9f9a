"""The registered version: its alias, its scores beside the champion's, and where it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from seqloom.artifact.manifest import Manifest
from tasks.pages.score_table import scores_table


def sections(manifest: Manifest) -> Iterator[str]:
    """What the version is, how good it is, and how to try it."""
    facts = manifest.facts
    aliases = ", ".join(f"`{alias}`" for alias in facts["aliases"]) or "none"
    yield f"Version **{facts['version']}** of **{facts['name']}**, aliases: {aliases}.\n"
    yield comparison(facts)
    yield where_it_is(facts)


def comparison(facts: Mapping[str, Any]) -> str:
    """Scores of the version, the champion where that is another, and the baselines."""
    champion = dict(facts["champion"] or {})
    number = champion.pop("version", None)
    others = {} if number in (None, facts["version"]) else {f"champion, version {number}": champion}
    return scores_table(facts["task"], facts["metrics"], f"version {facts['version']}", others)


def where_it_is(facts: Mapping[str, Any]) -> str:
    """Links to MLflow, or without a server the command that starts one, and the command to try the model."""
    uri = f"models:/{facts['name']}/{facts['version']}"
    if facts["version_url"]:
        seen = f"[The version]({facts['version_url']}) and [its run]({facts['run_url']}) in MLflow."
    else:
        seen = f"MLflow has no server here: `{facts['mlflow_command']}` shows run `{facts['run_id']}` in a browser."
    return f'{seen}\n\nTry it:\n\n```\nseqloom generate {uri} "…"\n```\n'
