"""The model as others load it: MLflow keeps this file with the version and runs it, so there is no pickle."""

from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from seqloom.decoding.generator import Generator


class ServedModel(PythonModel):
    """A `source` column in, the texts out."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the checkpoint that lies with the version."""
        self.generator = Generator.load(Path(context.artifacts["checkpoint"]))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> Any:
        """One text per row, in order."""
        del context, params  # of MLflow's signature
        texts = self.generator.generate(model_input["source"].tolist())
        return pd.Series(texts, index=model_input.index, name="prediction", dtype="str")


mlflow.models.set_model(ServedModel())
