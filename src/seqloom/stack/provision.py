"""Provisioning of a Prefect server: work pools, GPU limit, automations for lost runs, deployments."""

import difflib
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from prefect.automations import AutomationCore
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from seqloom.bundled_files import bundled_file
from seqloom.errors import UserError
from seqloom.interpreter import PYTHON_MODULE
from seqloom.stack.layout import CPU_POOL, GPU_POOL
from seqloom.stack.recipe_forms import fit_forms
from tasks.headlines import DRIFT, STATES, WATCHED

POOLS = {CPU_POOL: "Runs of Seqloom on processors.", GPU_POOL: "Runs of Seqloom on machines with a GPU."}
NOTHING_TO_SET: dict[str, Any] = {
    "job_configuration": {"stream_output": True},
    "variables": {"type": "object", "properties": {}, "additionalProperties": False},
}
"""The base job template of our pools. In Prefect's own, whoever starts a run brings a `command`, `env`, `working_dir`.

Only a template without an `env` of its own keeps one out: Prefect merges a run's into it.
"""
GPU_LIMIT = "gpu"
TAG = "seqloom"  # of every deployment in prefect.yaml
LOST_RUNS = "seqloom: a run that has gone silent has crashed"
UNBORN_RUNS = "seqloom: a run that never began has crashed"
BIRTH_SECONDS = 900  # from Pending to Running: a worker may have to load torch from a slow disk, beside other work
BORN = ("Pending",)
ALIVE = ("Running", "Retrying", "heartbeat")  # after each of these another sign has to come
OURS = (*STATES.values(), *WATCHED.values(), *DRIFT.values())  # an event has the name of its state
ENDED = ("Completed", "Failed", "TimedOut", "Cancelled", "Crashed", *OURS)
IMPORTED = ("flows", "tasks", "seqloom", "torch", "numpy", "pandas", "yaml", "mlflow", "prefect", "tokenizers")
"""Modules that a flow run imports, beside Python's own: Prefect puts its working folder first on PYTHONPATH."""
AT_REST = ("Scheduled", "AwaitingConcurrencySlot", "AwaitingRetry", "Paused", "Suspended", "Cancelling")


@dataclass(frozen=True)
class Provisioned:
    """Result of provisioning a Prefect server."""

    devices: int  # GPUs of this machine
    gpu_slots: int  # runs that may hold a GPU at once, over all machines
    deployments: list[str]  # flow/deployment
    warnings: list[str]  # deployments whose runs will fail


def provision(file: Path, gpu_slots: int | None, silence: int) -> Provisioned:
    """Create or update everything on the server of `PREFECT_API_URL`, with the deployments of a `prefect.yaml`.

    Nothing is removed.

    `gpu_slots` is the size of the limit `gpu`; None gives a slot to each GPU of this machine, at least one, and never
    takes away what another machine was given. A run that is silent for `silence` seconds has crashed.
    """
    devices = count_gpus()
    with get_client(sync_client=True) as client:
        for name, description in POOLS.items():
            _make_pool(client, name, description)
        slots = _set_gpu_limit(client, gpu_slots, devices)
        make_automations(client, silence)
        _deploy(file)
        deployed = _deployed(client, file)
        warnings = [*shadow_warnings(file.parent), *fit_forms(client, deployed, file.parent)]
        names = sorted(f"{client.read_flow(one.flow_id).name}/{one.name}" for one in deployed)
    return Provisioned(devices, slots, names, warnings)


def shadow_warnings(folder: Path) -> list[str]:
    """Return a sentence for each module of `folder`, the working folder of flow runs, that hides one they import."""
    warnings = []
    for name in sorted({*IMPORTED, *sys.stdlib_module_names}):
        module = next(filter(Path.is_file, (folder / name / "__init__.py", folder / f"{name}.py")), None)
        found = find_spec(name) if module else None
        if module and not (found and found.origin and Path(found.origin).exists() and module.samefile(found.origin)):
            shown = module.parent if module.name == "__init__.py" else module
            warnings.append(
                f"{shown} hides the module {name} that runs import, for they start in this folder: rename it, or keep "
                "prefect.yaml in a folder without it"
            )
    return warnings


def make_automations(client: SyncPrefectClient, silence: int) -> None:
    """Mark runs crashed that are silent for `silence` seconds, and those that never begin."""
    _make_automation(client, LOST_RUNS, ALIVE, silence)
    _make_automation(client, UNBORN_RUNS, BORN, BIRTH_SECONDS)


def count_gpus() -> int:
    """Return the number of GPUs that torch sees here."""
    import torch

    return torch.cuda.device_count()


def own_deployments() -> Path | None:
    """Return the `prefect.yaml` of the working directory; None where there is none."""
    file = Path.cwd() / "prefect.yaml"
    return file if file.is_file() else None


def example_deployments() -> Path:
    """Return the `prefect.yaml` that comes with Seqloom."""
    return bundled_file("prefect.yaml")


def require_pool(name: str) -> None:
    """Return if the server has a work pool of this name; make it if it is one of ours.

    Raises:
        UserError: there is none, and nobody ever schedules anything in it.
    """
    with get_client(sync_client=True) as client:
        there = [pool.name for pool in client.read_work_pools(limit=200)]
        if name in there:
            return
        if name in POOLS:
            _make_pool(client, name, POOLS[name])
            return
    known = [*there, *(pool for pool in POOLS if pool not in there)]
    meant = next((pool for pool in known if pool.endswith(f"-{name}")), "")
    meant = meant or next(iter(difflib.get_close_matches(name, known, n=1)), "")
    remedy = f"did you mean {meant}?" if meant else "name one of them, or make it with prefect work-pool create"
    raise UserError(f"there is no work pool {name}: there are {', '.join(known)}; {remedy}")


def _deployed(client: SyncPrefectClient, file: Path) -> list[DeploymentResponse]:
    """Return the deployments of the file on the server, which may have others too."""
    listed = yaml.safe_load(file.read_text(encoding="utf-8")).get("deployments") or []
    ours = {(one.get("name"), one.get("entrypoint")) for one in listed}
    found: list[DeploymentResponse] = []
    while page := client.read_deployments(offset=len(found)):
        found += page
    return [one for one in found if (one.name, one.entrypoint) in ours]


def _make_pool(client: SyncPrefectClient, name: str, description: str) -> None:
    """Create a pool whose runs cannot set command, environment or folder; correct the template of an existing one."""
    pool = WorkPoolCreate(name=name, type="process", description=description, base_job_template=NOTHING_TO_SET)
    try:
        client.create_work_pool(pool)
    except ObjectAlreadyExists:  # and then maybe paused, limited or described by its owner, which stays
        if client.read_work_pool(name).base_job_template != NOTHING_TO_SET:
            client.update_work_pool(name, WorkPoolUpdate(base_job_template=NOTHING_TO_SET))


def _set_gpu_limit(client: SyncPrefectClient, wanted: int | None, devices: int) -> int:
    try:
        there = client.read_global_concurrency_limit_by_name(GPU_LIMIT).limit
    except ObjectNotFound:
        there = 0
    slots = wanted or max(1, devices, there)
    client.upsert_global_concurrency_limit_by_name(GPU_LIMIT, slots)
    return slots


def _make_automation(client: SyncPrefectClient, name: str, after: tuple[str, ...], silence: int) -> None:
    """Create or update the automation that marks a run crashed after `silence` seconds without an event."""
    automation = AutomationCore(
        name=name,
        description=f"Marks a run tagged {TAG} crashed that has given no sign of life for {silence} seconds.",
        trigger=EventTrigger(
            after={f"prefect.flow-run.{sign}" for sign in after},
            expect={f"prefect.flow-run.{sign}" for sign in BORN + ALIVE + ENDED + AT_REST},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            # Other teams' runs on the same server may have slower hearts.
            match_related=ResourceSpecification({"prefect.resource.id": [f"prefect.tag.{TAG}"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=silence),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                message=f"no sign of life for {silence} seconds: the process, its worker or the machine is gone; "
                "the next run goes on from the last checkpoint",
            )
        ],
    )
    there = client.read_automations_by_name(name)
    if there:
        client.update_automation(there[0].id, automation)
    else:
        client.create_automation(automation)


def _deploy(file: Path) -> None:
    """Run `prefect deploy --all`, which reads templates, schedules and triggers as its user knows them."""
    command = [*PYTHON_MODULE, "prefect", "--no-prompt", "deploy", "--all", "--prefect-file", str(file)]
    environment = {**os.environ, "PWD": str(file.parent)}  # the folder that a run starts in, see its pull step
    done = subprocess.run(command, cwd=file.parent, env=environment, stdin=subprocess.DEVNULL, capture_output=True)
    print(done.stdout.decode(), done.stderr.decode(), sep="\n", file=sys.stderr)
    if done.returncode:
        raise UserError(f"{file} could not be deployed; what prefect deploy --all said stands above")
