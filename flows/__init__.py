"""The flows that a person or a schedule starts, one a file."""

import os

from tasks import run_logs, run_slot

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # MLflow reads it when it is loaded

run_logs.install()
run_slot.install()
