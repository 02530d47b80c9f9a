"""What the commands import, imported once: `tests.flows.command_process` forks them from a process that has it all."""

import gc
import importlib
import json
import os
import weakref
from pathlib import Path
from tempfile import TemporaryDirectory

MODULES = (
    "flows.batch_generate",
    "seqloom.cli.main",
    "flows.compare",
    "flows.data_to_model",
    "flows.ensemble_version",
    "flows.refresh",
    "seqloom.cli.terminal",
    "gensim.models",
    "mlflow.pyfunc",
    "mlflow.store.model_registry.sqlalchemy_store",  # MLflow imports them when it first opens a database
    "mlflow.store.tracking.sqlalchemy_store",
    "seqloom.batch_inference.sharded_generation",
    "seqloom.decoding.generator_loader",
    "seqloom.decoding.torch_backend",
    "seqloom.evaluation.stage",
    "seqloom.registry.garbage_collection",
    "seqloom.registry.gate_runner",
    "seqloom.training.stage",
    "seqloom.training.distributed_launch",
)

os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"  # as the commands say before they import Prefect
for name in MODULES:
    importlib.import_module(name)

from mlflow.models import utils as mlflow_models  # noqa: E402
from mlflow.utils.requirements_utils import _init_modules_to_packages_map  # noqa: E402

from seqloom.artifact.cache_key import STAGES  # noqa: E402
from seqloom.artifact.digest import digest_of_code  # noqa: E402
from seqloom.corpus.filters import language_identification  # noqa: E402
from seqloom.evaluation import plot_style  # noqa: E402
from seqloom.registry import (  # noqa: E402
    gate_runner,
    latency_measurement,
    mlflow_database,
    seal,
    smoke_test,
    version_package,
)

# What each process works out once: the keys' digests of our code, and what is installed.
for stage in STAGES:
    digest_of_code(stage.code)
version_package.needed_modules()
mlflow_database.current_revision()
_init_modules_to_packages_map()
language_identification._identifier()
with TemporaryDirectory() as folder:  # versions of the same code share its modules: here they are imported once for all
    version_package.copy_code(Path(folder))
    seal.seal(Path(folder))
    files = json.loads(Path(folder, seal.MANIFEST_FILE).read_bytes())["files"]
    package = seal.open_code(Path(folder), files)
    for name in ("decoding.predictor", "decoding.torch_backend", "models.model_factory", "models.weight_layout"):
        importlib.import_module(f"{package}.{name}")

# Seconds for each version; tests/registry and tests/evaluation take the real ones, and so does every real process here.
gate_runner.smoke_test = lambda *_: smoke_test.Smoke(True, "not asked")  # type: ignore[assignment]
latency_measurement.ROUNDS = 1
plot_style._DOTS_PER_INCH = 50
plot_style.ConstrainedLayoutEngine = lambda **_: None  # type: ignore[assignment, misc]  # as long as all the drawing
mlflow_models._validate_serving_input = lambda **_: None  # it would load each version once more than the gate does

for at_exit in list(weakref.finalize._registry):  # type: ignore[attr-defined]
    if at_exit.peek()[1].__module__ == "torch.library":  # each process would forget torch's operators one by one
        at_exit.atexit = False

gc.collect()
gc.freeze()  # or each fork's own collections would walk, and copy, all that is imported
