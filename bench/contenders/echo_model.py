"""A model for MLflow that does nothing: what its own server can do at most. MLflow loads this file by itself."""

from typing import Any

import mlflow
import pandas as pd
from mlflow.pyfunc.model import PythonModel


class Echo(PythonModel):
    """Answers each text with itself."""

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return the texts as the answers."""
        del context, params  # of MLflow's signature
        return pd.DataFrame({"prediction": model_input["source"], "truncated": False})


mlflow.models.set_model(Echo())
