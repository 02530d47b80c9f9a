"""Run the promotion gate: predict test rows with challenger and champion, judge, promote, and store evidence."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mlflow import MlflowClient
from mlflow.exceptions import MlflowException

from seqloom.artifact.full_disk import says_full
from seqloom.artifact.manifest import Manifest
from seqloom.corpus.corpus_files import read_split
from seqloom.errors import UserError
from seqloom.progress import Progress
from seqloom.recipe.applications import application_of, metric_of_recipe
from seqloom.recipe.metric import Metric
from seqloom.recipe.schema import Recipe
from seqloom.registry import evidence
from seqloom.registry.best_champion import best_champion, mark_best
from seqloom.registry.gate import Contender, Verdict, exposure_findings, judge, share_findings, unanswered
from seqloom.registry.gate_finding import Finding
from seqloom.registry.gate_slices import with_old_rows
from seqloom.registry.head_to_head import Answered, HeadToHead, fetched
from seqloom.registry.learned_rows import older_corpora, unlearned_rows
from seqloom.registry.mlflow_runs import takes_more
from seqloom.registry.promotion import LONGEST_WHY, ROLLED_BACK_TAG, moving_champion
from seqloom.registry.registered_version import VERDICT_KEY_TAG, Version
from seqloom.registry.smoke_test import Smoke, smoke_test
from seqloom.registry.versions import CHAMPION, aliases_of

if TYPE_CHECKING:
    from seqloom.evaluation.applications.evaluator import EvalSet

FOLDER = "gate"  # of the run's artifacts
VERDICT_TAG, WHY_TAG, WHEN_TAG, AGAINST_TAG = (f"seqloom.verdict{part}" for part in ("", ".why", ".when", ".champion"))


@dataclass(frozen=True)
class GateDecision:
    """A person's answer; None: there was nobody to ask."""

    approved: bool | None
    by: str = ""  # empty: nobody has to be asked
    reason: str = ""


@dataclass(frozen=True)
class Settled:
    """The outcome for a challenger."""

    verdict: str  # champion, refused, declined or waiting
    why: str


def judge_version(
    client: MlflowClient,
    recipe: Recipe,
    corpus: Path,
    evaluation: Manifest,
    version: Version,
    key: str,
    home: Path,
    progress: Progress,
) -> Verdict:
    """Predict the test split of `corpus` with the version and the champion, and apply every rule of the recipe.

    Both are asked the rows that the scores of `evaluation` count: those that the version's training text has not. They
    are compared on those of them that the champion has not learned either.

    `key` is the digest of the rules and rows.
    """
    started = time.monotonic()
    champion = aliases_of(client, recipe.name).get(CHAMPION)
    champion = None if champion == version.number else champion
    smoke = _smoke(client, recipe.name, version.number)
    if not smoke.passed:
        return Verdict(recipe.name, version.number, champion, unanswered(smoke), key=key)
    from seqloom.evaluation.applications.evaluator import (
        EvalSet,  # torch and scikit-learn: seconds that only this needs
    )
    from seqloom.evaluation.clean_rows import CLEAN_ROWS, counted_rows

    whole = EvalSet.of(read_split(corpus, "test"), recipe.corpus.target_language)
    test = counted_rows(whole, evaluation)
    older = [] if champion is None else older_corpora(client, recipe.name, champion, version.number, corpus, home)
    rows, told = unlearned_rows(recipe, test.sources, older, CLEAN_ROWS)
    rolled_back = client.get_model_version(recipe.name, str(version.number)).tags.get(ROLLED_BACK_TAG, "")
    with HeadToHead.of(client, recipe, test, progress) as contest:
        findings, best = _findings(
            client, recipe, smoke, evaluation, test, rows, contest, version.number, champion, rolled_back
        )
    return Verdict(
        recipe.name,
        version.number,
        champion,
        [*findings, *told],
        rows=len(rows),
        decoding=recipe.decoding.model_dump(),
        seconds=time.monotonic() - started,
        key=key,
        run_id=version.run_id,
        champion_run_id=_run_of(client, recipe.name, champion),
        metric=metric_of_recipe(recipe).name,
        best=best,
    )


def _findings(
    client: MlflowClient,
    recipe: Recipe,
    smoke: Smoke,
    evaluation: Manifest,
    test: "EvalSet",
    rows: Sequence[int],
    contest: HeadToHead,
    version: int,
    champion: int | None,
    rolled_back: str,
) -> tuple[list[Finding], int]:
    """Judge a version that loads, by `rows` of the test rows, and find the best champion so far if it passes."""
    from seqloom.evaluation.applications.evaluator_factory import evaluator_of

    metric, findings = metric_of_recipe(recipe), list[Finding]()
    answered = contest.ask(version)
    champion_answered = _predictions(contest, champion, "the champion answers", False, findings)
    best = best_champion(client, recipe.name, metric) if champion is not None else None
    asked = best if recipe.registry.policy == "not-worse" and best not in (champion, version) else None
    former_answered = _predictions(
        contest, asked, f"the best champion so far, version {asked}, answers", None, findings
    )
    timed = contest.timed(answered, champion_answered, former_answered)
    challenger, incumbent, former = (replace(each, counts=each.counts.only(rows)) if each else None for each in timed)
    assert challenger
    measured = evaluation.facts["metrics"]
    names = application_of(recipe.task).baselines_in(measured)
    baselines = {name: measured[f"baseline/{name}/{metric.name}"] for name in names}
    compared = test.only(rows)
    slices = evaluator_of(recipe.task).slices(compared)
    if champion_answered:
        of_corpus_train = {"", recipe.corpus.source_name}  # no name: of files that are held out for all
        known = of_corpus_train | champion_answered.source_names
        slices = with_old_rows(slices, compared.source_names or (), known, of_corpus_train)
    findings += judge(
        recipe, smoke, challenger, incumbent, baselines, slices, rolled_back, former, answered.counts.value
    )
    findings += share_findings(recipe.registry, evaluation.facts["metrics"])
    findings += exposure_findings(recipe.registry, evaluation.facts["metrics"])
    if best not in (None, champion, asked):  # it was not measured, so the mark stays
        return findings, best
    return findings, _best_of(metric, [former, incumbent, challenger])


def _predictions(
    contest: HeadToHead, number: int | None, rule: str, passed: bool | None, findings: list[Finding]
) -> Answered | None:
    """Predict with a version to compare with; where it fails, add a finding that says so."""
    if number is None:
        return None
    try:
        return contest.ask(number)
    except Exception as error:  # whatever its code raises: who is to judge then is a person
        if says_full(error):  # that is no fault of the version
            raise
        reason = f"{type(error).__name__}: {error}"[:300]
        told = f"{rule.removesuffix(' answers')} does not answer, so nothing compares with it: {reason}"
        findings.append(Finding(rule, reason, passed=passed, told=told))
    return None


def _best_of(metric: Metric, contenders: Sequence[Contender | None]) -> int:
    """Return the number of the best version; of equals the earlier champion."""
    there = [contender for contender in contenders if contender]
    return max(there, key=lambda each: metric.gain(there[0].counts.value, each.counts.value)).version


def _run_of(client: MlflowClient, name: str, number: int | None) -> str:
    return "" if number is None else str(client.get_model_version(name, str(number)).run_id)


def _smoke(client: MlflowClient, name: str, number: int) -> Smoke:
    """Run the smoke test of a version whose files are as registered."""
    with TemporaryDirectory() as folder:
        try:
            package = fetched(client, name, number, folder)
        except UserError as damage:
            return Smoke(False, str(damage))
        return smoke_test(client.tracking_uri, str(package.parents[1]))


def keep_evidence(client: MlflowClient, verdict: Verdict, run_id: str) -> None:
    """Log the evidence, as HTML and JSON, to the run that made the version, if the run is there."""
    if not takes_more(client, run_id):
        return
    folder = f"{FOLDER}/{verdict.backend}" if verdict.backend else FOLDER
    page = evidence.markdown(verdict)
    client.log_text(run_id, page, f"{folder}/evidence.md")
    client.log_text(run_id, evidence.html(page, evidence.title(verdict)), f"{folder}/evidence.html")
    client.log_text(run_id, json.dumps(verdict.as_json(), indent=2, ensure_ascii=False), f"{folder}/verdict.json")


def still_holds(client: MlflowClient, verdict: Verdict) -> bool:
    """Return whether the measured champion is still the champion, or the version itself became it.

    Raises:
        UserError: the version is not there any more.
    """
    try:
        is_there = _run_of(client, verdict.name, verdict.version) == verdict.run_id
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        is_there = False
    if not is_there:
        raise UserError(
            f"version {verdict.version} of {verdict.name} was deleted after it was judged: there is nothing to decide "
            "any more; run the recipe again to register it anew"
        )
    champion = aliases_of(client, verdict.name).get(CHAMPION)
    known = {None: "", verdict.champion: verdict.champion_run_id, verdict.version: verdict.run_id}
    return (
        champion in (verdict.champion, verdict.version) and _run_of(client, verdict.name, champion) == known[champion]
    )


def is_settled(client: MlflowClient, name: str, version: int, key: str) -> bool:
    """Return whether the version has a final verdict by the same rules and rows."""
    return client.get_model_version(name, str(version)).tags.get(VERDICT_KEY_TAG) == key


def settle(client: MlflowClient, verdict: Verdict, decision: GateDecision, by: str, home: Path) -> Settled:
    """Move the champion if all rules hold and nobody objects; the outcome and its reason become tags of the version.

    The verdict's key is written last, so that a version whose settlement was killed is judged again.

    Raises:
        UserError: the champion moved since it was measured.
    """
    name, version = verdict.name, verdict.version
    if not verdict.passed:
        settled = Settled("refused", verdict.why)
    elif decision.approved is None:
        settled = Settled("waiting", f"{verdict.why}; a person has to approve")
    elif not decision.approved:
        settled = Settled("declined", f"{decision.by}: {decision.reason}")
    elif aliases_of(client, name).get(CHAMPION) == version:
        settled = Settled("champion", "is the champion already")
    else:
        why = f"{verdict.why}; approved by {decision.by}: {decision.reason}" if decision.by else verdict.why
        with moving_champion(client, name, verdict.champion, version, by, why, home):
            settled = Settled("champion", why)
            _write_outcome(client, verdict, settled)
            if verdict.best is not None:
                mark_best(client, name, verdict.best, verdict.metric)
        return settled
    _write_outcome(client, verdict, settled)
    return settled


def _write_outcome(client: MlflowClient, verdict: Verdict, settled: Settled) -> None:
    tags = {
        VERDICT_TAG: settled.verdict,
        WHY_TAG: settled.why[:LONGEST_WHY],
        WHEN_TAG: datetime.now(UTC).isoformat(timespec="milliseconds"),
        AGAINST_TAG: str(verdict.champion or "none"),
        VERDICT_KEY_TAG: verdict.key,
    }
    for tag, value in tags.items():
        client.set_model_version_tag(verdict.name, str(verdict.version), tag, value)
