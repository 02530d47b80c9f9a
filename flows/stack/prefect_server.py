"""`prefect server start` with the arguments of this command, and what it needs to live on SQLite."""

import runpy
import sys

from flows.garbage import collect_beside

if __name__ == "__main__":
    collect_beside()
    sys.argv[:1] = ["prefect", "server", "start"]
    runpy.run_module("prefect", run_name="__main__")
