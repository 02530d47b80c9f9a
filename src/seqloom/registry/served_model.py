"""The model as others load it: MLflow keeps this file with the version and runs it, so there is no pickle.

It needs the libraries in requirements.txt; of Seqloom it takes the modules that lie with the version. `model_config`
says in which form it answers: {"form": "torch"}, or one that `seqloom export` added to the version.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import mlflow
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.pyfunc.model import PythonModel, PythonModelContext

SEALED = Path("code", "seqloom", "registry", "sealed.py")
OWN_FORM = "torch"  # as it was trained


class ServedModel(PythonModel):
    """A `source` column in, a `prediction` column out, and what else `params` asks for."""

    def load_context(self, context: PythonModelContext) -> None:
        """Check every file of the version, then read its code and its checkpoint."""
        package = Path(context.artifacts["package"])
        sealed = _run(package / SEALED)
        try:
            files = sealed.verify(package)
        except sealed.DamagedVersion as damage:
            raise MlflowException(f"the model in {package.parents[1]} is damaged: {damage}") from None
        name = sealed.open_code(package, files)
        self.mistake: type[Exception] = import_module(f"{name}.mistake").UserMistake
        folder = _weights(package, sealed, (context.model_config or {}).get("form", OWN_FORM))
        try:
            self.answering = import_module(f"{name}.decoding.answering").Answering.load(folder)
        except self.mistake as mistake:
            raise MlflowException.invalid_parameter_value(str(mistake)) from None

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> Any:
        """One row of answers per row, in order, with the index of the input."""
        del context  # of MLflow's signature
        try:
            columns = self.answering(model_input["source"].tolist(), params or {})
        except self.mistake as mistake:
            raise MlflowException.invalid_parameter_value(str(mistake)) from None
        return pd.DataFrame(columns, index=model_input.index).astype({"prediction": "str"})


def _weights(package: Path, sealed: ModuleType, form: str) -> Path:
    """The folder that holds the version in this form, every file of it as it was."""
    if form == OWN_FORM:
        return Path(package / sealed.CHECKPOINT)
    forms = package.parent / sealed.FORMS
    there = sorted(folder.name for folder in forms.iterdir() if folder.is_dir()) if forms.is_dir() else []
    if form not in there:
        raise MlflowException.invalid_parameter_value(
            f"this version has no form {form!r}; it has {', '.join([OWN_FORM, *there])}; seqloom export adds others"
        )
    try:
        sealed.verify(forms / form)
    except sealed.DamagedVersion as damage:
        raise MlflowException(f"the form {form} in {package.parents[1]} is damaged: {damage}") from None
    return Path(forms / form)


def _run(file: Path) -> ModuleType:
    if not file.is_file():
        raise MlflowException(f"{file} is missing: this version is not whole, fetch it again")
    module = ModuleType("seqloom_sealed")
    exec(compile(file.read_bytes(), file, "exec"), vars(module))  # the file itself, not bytecode that lies beside it
    return module


mlflow.models.set_model(ServedModel())
