"""What a person starts or schedules: straight lines, no logic."""

import os

from tasks.log_filters import spare_tracebacks

# Before torch is loaded: a thread that waits spins for microseconds, then gives its core away. The default, to spin for
# milliseconds, makes a training tens of times slower beside other work; not to spin at all makes small models twice as
# slow on an idle machine (docs/notes/speed.md).
os.environ.setdefault("GOMP_SPINCOUNT", "1000")

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # MLflow reads it when it is loaded

spare_tracebacks()
