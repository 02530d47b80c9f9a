"""The flows that a person or a schedule starts, one a file."""

import os

from tasks import run_logs

# Before torch is loaded: a thread that waits spins for microseconds, then gives its core away. The default, to spin for
# milliseconds, makes a training tens of times slower beside other work; not to spin at all makes small models twice as
# slow on an idle machine (docs/notes/speed.md).
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # MLflow reads it when it is loaded

run_logs.install()
