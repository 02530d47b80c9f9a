"""Flow that reads a corpus on a schedule and starts a training when enough of it has changed."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import Field

from flows.parameters import checked_by_recipe_rules
from seqloom.artifact.home_folder import home_folder
from seqloom.recipe.recipe_loader import load_recipe
from seqloom.registry.teacher_version import pin_teacher
from seqloom.reports.corpus_drift import DRIFT_LIMITS, DriftLimits
from tasks.headlines import DRIFT, WATCHED
from tasks.preparation import make_corpus
from tasks.refresh_decision import RefreshDecision, announce, decide

Share = Annotated[float, Field(ge=0.0, le=1.0)]


def _run_name() -> str:
    return f"{flow_run.parameters['recipe_file']} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="refresh", flow_run_name=_run_name, validate_parameters=False)
@checked_by_recipe_rules
def refresh(
    recipe_file: str,
    override: tuple[str, ...] = (),
    share: Share = 0.05,
    drift: Literal["warn", "stop"] = "warn",
    unknown_share: Share = DRIFT_LIMITS.unknown_share,
    shared_words: Share = DRIFT_LIMITS.shared_words,
    length_shift: Annotated[float, Field(ge=0.0, le=100.0)] = DRIFT_LIMITS.length_shift,
    label_shift: Share = DRIFT_LIMITS.label_shift,
) -> State[RefreshDecision]:
    """Read a recipe's corpus, and start its training if enough rows changed since the newest version, or there is none.

    A corpus that is unlike the champion's is told, or with drift: stop not trained on.

    The training is started by the event seqloom.corpus.changed, which the deployment train-on-demand waits for.

    Args:
        recipe_file: Path of the recipe on the machine that runs, such as recipes/demo.yaml.
        override: Changes on top of it, each written SECTION.FIELD=VALUE; the training gets them too.
        share: Rows that came or went, as a share of all rows before and now; more than this starts a training.
        drift: What a large shift from the champion's corpus does: warn on the page, or stop the training.
        unknown_share: Running words that the champion's corpus lacks, as a share; more is a large shift.
        shared_words: Words of both corpora, as a share of those of either; fewer is a large shift.
        length_shift: Change of a mean length, as a share of the champion's; more is a large shift.
        label_shift: Share of the labels that moved; more is a large shift.
    """
    recipe = pin_teacher(load_recipe(Path(recipe_file), override), home_folder())  # @champion may move meanwhile
    corpus = make_corpus(recipe)
    limits = DriftLimits(unknown_share, shared_words, length_shift, label_shift)
    decision = decide(recipe, corpus, share, limits, drift == "stop")
    announce(recipe, recipe_file, override, decision)
    name = DRIFT[True] if decision.held else WATCHED[decision.train]
    return Completed(name=name, message=decision.why, data=decision)
