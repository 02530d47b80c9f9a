"""A study: trials of one search space on one corpus, kept in a database that several processes may share.

Optuna's tree-structured Parzen estimator chooses the values (Bergstra et al. 2011), its pruners end what lags behind:
the median of the trials before at the same epoch, or Hyperband (Li et al. 2018).
"""

import hashlib
import os
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import optuna
import psutil
from optuna.importance import get_param_importances
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner
from optuna.samplers import TPESampler
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, Trial, TrialState
from sqlalchemy.exc import SQLAlchemyError

from seqloom.errors import UserError
from seqloom.recipe.metric import Metric
from seqloom.recipe.schema import Recipe
from seqloom.recipe.search_space import Choice, Domain, Range

optuna.logging.set_verbosity(optuna.logging.WARNING)

STORAGE_VARIABLE = "SEQLOOM_STUDIES"
PrunerName = Literal["median", "hyperband", "none"]
STARTUP_TRIALS = 4  # that are never pruned: there is no median yet
WARMUP_EPOCHS = 2
FEWEST_FOR_IMPORTANCE = 4  # finished trials
_PLAN, _PROCESS, _WHY, _RUN = "seqloom.plan", "seqloom.process", "seqloom.why", "seqloom.run"


@dataclass(frozen=True)
class TrialResult:
    """A trial as it ended."""

    number: int
    overrides: tuple[str, ...]  # its values, such as training.learning_rate=0.003
    state: Literal["finished", "pruned", "failed"]
    score: float | None  # on the validation split; of a pruned trial None
    epochs: int
    seconds: float
    why: str  # it was pruned or failed
    run_id: str  # in MLflow

    @property
    def label(self) -> str:
        """One line that tells it from others."""
        return " · ".join(self.overrides)


def storage_url(home: Path) -> str:
    """Return the address of the database of studies: of SEQLOOM_STUDIES, else a file of `home`."""
    return os.environ.get(STORAGE_VARIABLE) or f"sqlite:///{home / 'studies.db'}"


def open_study(
    storage: str, name: str, recipe: Recipe, space: Sequence[Domain], metric: Metric, pruner: PrunerName
) -> optuna.Study:
    """Open the study of this name, or begin it.

    Raises:
        UserError: the database does not answer, or the study is of another recipe, search space or metric.
    """
    plan = _plan(recipe, space, metric)
    try:
        database = RDBStorage(storage, engine_kwargs=_engine_arguments(storage))
        study = _load(database, name, metric)
        if study.user_attrs.get(_PLAN, plan) != plan and not _has_scores(study):
            optuna.delete_study(study_name=name, storage=database)  # of a mistake that was corrected
            study = _load(database, name, metric)
    except (SQLAlchemyError, ImportError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"the database of studies {storage} cannot be opened: {reason}; {STORAGE_VARIABLE} is its address, such as "
            "postgresql://USER@HOST/DATABASE, and without it the studies are a file of SEQLOOM_HOME"
        ) from None
    if study.user_attrs.get(_PLAN, plan) != plan:
        raise UserError(
            f"the study {name} is of another recipe, search space or metric: give this one a name of its own with "
            "--study, or say the same as before to go on with it"
        )
    study.set_user_attr(_PLAN, plan)
    study.pruner = _pruner(pruner, recipe)
    study.sampler = TPESampler(seed=recipe.training.seed + len(study.trials))  # or a study that goes on would repeat
    return study


def _load(database: RDBStorage, name: str, metric: Metric) -> optuna.Study:
    direction: Literal["maximize", "minimize"] = "maximize" if metric.rises else "minimize"
    return optuna.create_study(storage=database, study_name=name, direction=direction, load_if_exists=True)


def _has_scores(study: optuna.Study) -> bool:
    """Return whether a trial said anything of the space: all others failed before they were scored."""
    return any(trial.state in (TrialState.COMPLETE, TrialState.PRUNED, TrialState.RUNNING) for trial in study.trials)


def begin_trial(study: optuna.Study) -> Trial:
    """Begin a trial, first of all one whose process is gone: its training goes on from the checkpoint."""
    _revive(study)
    trial = study.ask()
    trial.set_user_attr(_PROCESS, _this_process())
    return trial


def suggest(trial: Trial, space: Sequence[Domain]) -> tuple[str, ...]:
    """Return the overrides of a trial."""
    return tuple(f"{domain.field}={_suggested(trial, domain)}" for domain in space)


def finish(study: optuna.Study, trial: Trial, score: float, run_id: str) -> None:
    """Record the score of a trial."""
    trial.set_user_attr(_RUN, run_id)
    study.tell(trial, score)


def give_up(study: optuna.Study, trial: Trial, why: str, pruned: bool) -> None:
    """Record that a trial was pruned or failed."""
    trial.set_user_attr(_WHY, why)
    study.tell(trial, state=TrialState.PRUNED if pruned else TrialState.FAIL)


def results(study: optuna.Study, space: Sequence[Domain]) -> list[TrialResult]:
    """Return the trials that have ended, in the order in which they began."""
    ended = {TrialState.COMPLETE: "finished", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}
    made: list[TrialResult] = []
    for trial in study.trials:
        if trial.state not in ended or (trial.state == TrialState.FAIL and _WHY not in trial.user_attrs):
            continue  # it runs, or its process ended and another took its values
        seconds = trial.duration.total_seconds() if trial.duration else 0.0
        state: Any = ended[trial.state]
        score = trial.value if state == "finished" else None
        epochs, why = len(trial.intermediate_values), trial.user_attrs.get(_WHY, "")
        overrides = tuple(f"{domain.field}={_recorded(trial, domain)}" for domain in space)
        run = trial.user_attrs.get(_RUN, "")
        made.append(TrialResult(trial.number, overrides, state, score, epochs, seconds, why, run))
    return made


def importances(study: optuna.Study) -> dict[str, float]:
    """Return the share of each field in what differs between the scores (fANOVA, Hutter et al. 2014).

    It is empty as long as a few trials say nothing of it.
    """
    finished = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(finished) < FEWEST_FOR_IMPORTANCE or len({trial.value for trial in finished}) < 2:
        return {}
    return dict(get_param_importances(study))


def _engine_arguments(storage: str) -> dict[str, Any]:
    """Let a process wait for another one that writes to the same SQLite file."""
    return {"connect_args": {"timeout": 60}} if storage.startswith("sqlite") else {}


def _pruner(name: PrunerName, recipe: Recipe) -> BasePruner:
    match name:
        case "median":
            return MedianPruner(n_startup_trials=STARTUP_TRIALS, n_warmup_steps=WARMUP_EPOCHS)
        case "hyperband":
            return HyperbandPruner(max_resource=recipe.training.epochs or "auto")
        case "none":
            return NopPruner()


def _plan(recipe: Recipe, space: Sequence[Domain], metric: Metric) -> str:
    """Return a digest of what makes scores of trials comparable."""
    tree = recipe.model_dump(mode="json", exclude={"registry", "serving"})
    for domain in space:
        section, _, field = domain.field.rpartition(".")
        (tree.get(section, {}) if section else tree).pop(field, None)
    text = f"{sorted(tree.items())} {sorted(map(repr, space))} {metric.name}"
    return hashlib.sha256(text.encode()).hexdigest()


def _suggested(trial: Trial, domain: Domain) -> str:
    match domain:
        case Choice():
            return str(trial.suggest_categorical(domain.field, domain.values))
        case Range(whole=True):
            number = trial.suggest_int(domain.field, int(domain.low), int(domain.high), log=domain.logarithmic)
            return domain.written(number)
        case Range():
            value = trial.suggest_float(domain.field, domain.low, domain.high, log=domain.logarithmic)
            return domain.written(value)


def _recorded(trial: FrozenTrial, domain: Domain) -> str:
    value = trial.params[domain.field]
    return domain.written(value) if isinstance(domain, Range) else str(value)


def _revive(study: optuna.Study) -> None:
    """Ask again for the values of trials of this machine whose process is gone."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        host, _, process = str(trial.user_attrs.get(_PROCESS, "")).rpartition(" ")
        if host == socket.gethostname() and not _lives(process):
            study.enqueue_trial(trial.params, skip_if_exists=False)
            study.tell(trial.number, state=TrialState.FAIL)


def _this_process() -> str:
    """Return host, process id and start, since ids come back."""
    return f"{socket.gethostname()} {os.getpid()}@{psutil.Process().create_time():.0f}"


def _lives(process: str) -> bool:
    number, _, start = process.partition("@")
    try:
        return f"{psutil.Process(int(number)).create_time():.0f}" == start
    except (psutil.NoSuchProcess, ValueError):
        return False
