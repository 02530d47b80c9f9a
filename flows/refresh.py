"""Flow that reads a corpus on a schedule and starts a training when enough of it has changed."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import Field

from flows.parameters import checked_by_recipe_rules
from seqloom.recipe.recipe_loader import load_recipe
from tasks.headlines import WATCHED
from tasks.preparation import prepare_corpus
from tasks.refresh_decision import RefreshDecision, announce, decide


def _run_name() -> str:
    return f"{flow_run.parameters['recipe_file']} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="refresh", flow_run_name=_run_name, validate_parameters=False)
@checked_by_recipe_rules
def refresh(
    recipe_file: str, override: tuple[str, ...] = (), share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05
) -> State[RefreshDecision]:
    """Read a recipe's corpus, and start its training if enough rows changed since the newest version, or there is none.

    The training is started by the event seqloom.corpus.changed, which the deployment train-on-demand waits for.

    Args:
        recipe_file: Path of the recipe on the machine that runs, such as recipes/demo.yaml.
        override: Changes on top of it, each written SECTION.FIELD=VALUE; the training gets them too.
        share: Rows that came or went, as a share of all rows before and now; more than this starts a training.
    """
    recipe = load_recipe(Path(recipe_file), override)
    corpus = prepare_corpus(recipe)
    decision = decide(recipe, corpus, share)
    announce(recipe, recipe_file, override, decision)
    return Completed(name=WATCHED[decision.train], message=decision.why, data=decision)
