"""Prefect tasks of an ensemble: its members are found, and copied into one checkpoint."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect.client.schemas.objects import State

from seqloom.artifact.cache_key import ENSEMBLE
from seqloom.artifact.home_folder import home_folder
from seqloom.artifact.manifest import Manifest
from seqloom.progress import Progress
from seqloom.registry.ensemble_members import EnsemblePlan, build_ensemble, plan_ensemble
from tasks.stage_runner import patient_task, run_stage, stage_task


@patient_task(name="members", task_run_name="members · {name}")
def find_members(models: Sequence[str], name: str, override: Sequence[str]) -> EnsemblePlan:
    """Find the versions of an ensemble, and refuse what does not go together."""
    return plan_ensemble(models, name, override, home_folder())


@stage_task(name="ensemble", task_run_name="ensemble · {plan.recipe.name}")
def combine(plan: EnsemblePlan) -> State[Manifest]:
    """Copy the members into one checkpoint, and measure what it costs."""

    def write(folder: Path, progress: Progress) -> dict[str, Any]:
        return build_ensemble(plan, folder, progress)

    return run_stage(ENSEMBLE, plan.recipe, plan.inputs, write)
