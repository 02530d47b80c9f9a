"""The model as MLflow loads it: this file is stored with the version as code, so there is no pickle.

It needs the libraries in requirements.txt, and uses the modules of Seqloom that are stored with the version.
`model_config` selects the backend: {"backend": "torch"}, one that `seqloom export` added to the version, or "auto" for
the fastest of these here. It also has the digest of the package's manifest, so that a package that was changed and
sealed again is not accepted.
"""

import asyncio
import gc
import hashlib
import json
import logging
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import Path
from types import ModuleType
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.model import PythonModel, PythonModelContext

MANIFEST = "manifest.json"
SEAL = "code/seqloom/registry/seal.py"
REQUIREMENTS = "requirements.txt"  # MLflow's, of the version
OWN_BACKEND = "torch"  # as it was trained
FASTEST = "auto"  # of the backends that the version has
MLFLOW_SERVER = "mlflow.pyfunc.scoring_server.app"  # loaded in `mlflow models serve` alone
REQUESTS_AT_ONCE = 64  # that wait for a batch

logger = logging.getLogger("mlflow.seqloom")  # MLflow shows what its own loggers say


class ServedModel(PythonModel):
    """A `source` column in, a `prediction` column out, and further columns by `params`."""

    has_threads = MLFLOW_SERVER not in sys.modules

    def load_context(self, context: PythonModelContext) -> None:
        """Check every file of the version, then read its code and its checkpoint."""
        package = Path(context.artifacts["package"])
        config = context.model_config or {}
        sealed = _run_sealed(package, config.get("seal", ""))
        try:
            files = sealed.verify(package)
        except sealed.DamagedVersion as damage:
            raise MlflowException(f"the model in {package.parents[1]} is damaged: {damage}") from None
        name = sealed.open_code(package, files)
        self.user_error: type[Exception] = import_module(f"{name}.errors").UserError
        backend = config.get("backend", OWN_BACKEND)
        try:
            if backend == FASTEST:
                folders = {each: _weights(package, sealed, each) for each in _backends(package, sealed)}
                choice = import_module(f"{name}.decoding.backend_choice").choose_backend(folders)
                logger.warning("%s", choice.sentence)
                backend = choice.backend
            folder = _weights(package, sealed, backend)
            self.predictor = import_module(f"{name}.decoding.predictor").Predictor.load(folder)
        except ModuleNotFoundError as error:
            raise _told(_what_is_missing(package.parents[1], error)) from None
        except self.user_error as error:
            raise _told(str(error)) from None

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> Any:
        """Return one row of predictions per input row, in order, with the input's index."""
        del context  # of MLflow's signature
        if not self.has_threads:
            self.has_threads = True
            widen_default_executors()
        try:
            rows = model_input["source"].tolist()
            if "features" in model_input:
                pairs = zip(rows, model_input["features"].tolist(), strict=True)
                rows = [{"source": source, "features": features} for source, features in pairs]
            columns = self.predictor(rows, params or {})
        except self.user_error as error:
            raise MlflowException.invalid_parameter_value(str(error)) from None
        answers = pd.DataFrame(columns, index=model_input.index)
        return answers if len(answers) else answers.astype({"prediction": "str"})  # a tenth of a short answer's time


def widen_default_executors() -> None:
    """Give the event loop of MLflow's server a thread for each request that may wait for a batch.

    asyncio gives it as many as there are cores, and four: no batch would have more rows. The loop is made after the
    model is loaded, and the thread that answers a request does not know it: so it is looked for.
    """
    for each in gc.get_objects():
        if issubclass(type(each), asyncio.AbstractEventLoop) and each.is_running():
            each.call_soon_threadsafe(each.set_default_executor, ThreadPoolExecutor(REQUESTS_AT_ONCE))


def _told(sentence: str) -> MlflowException:
    """Return an exception whose sentence is logged before Python's traceback."""
    logger.error("%s", sentence)
    mistake: MlflowException = MlflowException.invalid_parameter_value(sentence)
    return mistake


def _what_is_missing(version: Path, error: ModuleNotFoundError) -> str:
    """Return a sentence with the version's missing libraries and the pip line for them."""
    required = (version / REQUIREMENTS).read_text(encoding="utf-8").splitlines()
    options = [line for line in required if line.startswith("-")]
    missing = [line for line in required if line not in options and not _is_installed(line.partition("==")[0])]
    names = ", ".join(line.partition("==")[0] for line in missing) or str(error.name)
    line = " ".join(["pip install", *(missing or [str(error.name)]), *options])
    return f"this model needs {names}, not installed in {sys.prefix}: {line}"


def _is_installed(distribution: str) -> bool:
    try:
        installed(distribution)
    except PackageNotFoundError:
        return False
    return True


def _backends(package: Path, sealed: ModuleType) -> list[str]:
    """Return the backends whose files the version has."""
    backends = package.parent / sealed.BACKENDS
    there = sorted(folder.name for folder in backends.iterdir() if folder.is_dir()) if backends.is_dir() else []
    return [OWN_BACKEND, *there]


def _weights(package: Path, sealed: ModuleType, backend: str) -> Path:
    """Return the verified folder of the version in this backend."""
    if backend == OWN_BACKEND:
        return Path(package / sealed.CHECKPOINT)
    there = _backends(package, sealed)
    if backend not in there:
        raise MlflowException.invalid_parameter_value(
            f"this version has no backend {backend!r}; it has {', '.join(there)}; seqloom export adds others"
        )
    backends = package.parent / sealed.BACKENDS
    try:
        sealed.verify_backend(backends / backend)
    except sealed.DamagedVersion as damage:
        raise MlflowException(f"the backend {backend} in {package.parents[1]} is damaged: {damage}") from None
    return Path(backends / backend)


def _run_sealed(package: Path, seal: str) -> ModuleType:
    """Load the module that verifies the others, after its own digest was compared."""
    manifest = _read(package, MANIFEST, seal)
    source = _read(package, SEAL, json.loads(manifest)["files"][SEAL])
    module = ModuleType("seqloom_sealed")
    exec(compile(source, package / SEAL, "exec"), vars(module))  # the file itself, not a bytecode cache
    return module


def _read(package: Path, name: str, digest: str) -> bytes:
    """Read a file of the package whose digest is as registered."""
    fault = "is not the file that was registered"
    if (package / name).is_file():
        content = (package / name).read_bytes()
        if hashlib.sha256(content).hexdigest() == digest:
            return content
    else:
        fault = "is missing"
    raise MlflowException(
        f"the model in {package.parents[1]} is damaged: {name} {fault}: this version is not whole, fetch it again"
    )


mlflow.models.set_model(ServedModel())
