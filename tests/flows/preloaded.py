"""What the commands import, imported once: `tests.flows.command_process` forks them from a process that has it all."""

import importlib
import os

MODULES = (
    "flows.batch_generate",
    "seqloom.cli.main",
    "flows.compare",
    "flows.data_to_model",
    "flows.refresh",
    "seqloom.cli.terminal",
    "gensim.models",
    "mlflow.pyfunc",
    "mlflow.store.model_registry.sqlalchemy_store",  # MLflow imports them when it first opens a database
    "mlflow.store.tracking.sqlalchemy_store",
    "seqloom.batch_inference.sharded_generation",
    "seqloom.decoding.generator_loader",
    "seqloom.evaluation.stage",
    "seqloom.registry.garbage_collection",
    "seqloom.registry.gate_runner",
    "seqloom.training.stage",
    "seqloom.training.distributed_launch",
    "torch._dynamo",  # torch imports it, and sympy, when an optimizer is first made
)

os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"  # as the commands say before they import Prefect
for name in MODULES:
    importlib.import_module(name)

judging = importlib.import_module("seqloom.registry.gate_runner")
smoke = importlib.import_module("seqloom.registry.smoke_test")
# Five seconds for each version; tests/registry asks real ones, and so does every real process of tests/flows.
judging.smoke_test = lambda *_: smoke.Smoke(True, "not asked")
