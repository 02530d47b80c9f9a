"""Start of `mlflow server`, with the arguments of this command, for requests of its own UI alone."""

import argparse
import os
import runpy
import sys
from importlib.metadata import entry_points

from seqloom.stack.origin_names import LOOPBACK, own_origins

HOSTS = "MLFLOW_SERVER_ALLOWED_HOSTS"
ORIGINS = "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"
APP = "seqloom"  # in pyproject.toml


def allowed(port: int) -> dict[str, str]:
    """Return MLflow's settings of allowed hosts and origins: the user's, and the loopback names of this machine."""
    hosts = [pattern for host in LOOPBACK for pattern in (host, f"{host}:*")]
    given = {name: os.environ.get(name, "") for name in (HOSTS, ORIGINS)}
    return {
        HOSTS: ",".join(filter(None, [given[HOSTS], *hosts])),
        ORIGINS: ",".join(filter(None, [given[ORIGINS], *own_origins(port)])),
    }


def _main() -> None:
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--port", type=int, default=5000)
    port = parser.parse_known_args()[0].port
    if not entry_points(group="mlflow.app", name=APP):
        sys.exit("this installation of Seqloom is older than its code: run make, or pip install --editable .")
    os.environ.update(allowed(port))
    sys.argv[:1] = ["mlflow", "server", "--app-name", APP]
    runpy.run_module("mlflow", run_name="__main__")


if __name__ == "__main__":
    _main()
