"""MLflow's application with access control: MLflow by itself answers to pages of every port of this machine.

`mlflow server --app-name seqloom` finds it by the entry point in pyproject.toml.
"""

import os

from seqloom.stack.access_control import Admission

AUTH_STRING = "SEQLOOM_MLFLOW_AUTH_STRING"  # USER:PASSWORD; unset: no password


def create_app() -> Admission:
    """Return MLflow's application; it checks the Host header itself (`--allowed-hosts`) and sets X-Frame-Options."""
    from mlflow.server.fastapi_app import app
    from mlflow.server.security_utils import get_allowed_origins_from_env

    return Admission(
        app=app,
        origins=frozenset(get_allowed_origins_from_env() or ()),
        auth_string=os.environ.get(AUTH_STRING, ""),
    )
