"""Pruning: a trial that lags behind the others at the same epoch ends early."""

import math
from collections.abc import Mapping, Sequence

from optuna.trial import Trial

from seqloom.errors import UserError
from seqloom.recipe.metric import Metric
from seqloom.recipe.schema import Recipe
from seqloom.recipe.search_space import Domain

OWN_SCALE = ("vocabulary.", "corpus.")  # sections that change what a token is, and so the loss of one


class TrialPruned(UserError):
    """A trial was ended early; no mistake, but like one it is not tried again."""


class TrialPruner:
    """Watches the validations of a training, and ends it where the study's pruner says so."""

    def __init__(self, trial: Trial, metric: Metric) -> None:
        self._trial = trial
        self._rises = metric.rises

    def __call__(self, row: Mapping[str, float], select_by: str) -> None:
        """Report a row of the training's history, by the score that selects its epochs.

        Raises:
            TrialPruned: the trial is to end.
        """
        name = f"validation/{select_by}"
        value = row.get(name, math.nan)
        if not math.isfinite(value):
            return
        epoch, merit = int(row["epoch"]), -value if select_by == "loss" else value
        self._trial.report(merit if self._rises else -merit, epoch)
        if self._trial.should_prune():
            raise TrialPruned(f"pruned after epoch {epoch}: {select_by} {value:.3f} is behind")


def is_comparable(recipe: Recipe, space: Sequence[Domain]) -> bool:
    """Return whether trials can be compared while they train: a loss per token is of one vocabulary alone."""
    return recipe.training.select_by not in ("auto", "loss") or not any(
        domain.field.startswith(OWN_SCALE) for domain in space
    )
