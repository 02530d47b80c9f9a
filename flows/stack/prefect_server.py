"""`prefect server start` with the arguments of this command, and what it needs to live on SQLite."""

import runpy
import sys

from flows.garbage import collect_beside
from flows.prefect_database import or_end

if __name__ == "__main__":
    collect_beside()
    or_end()
    sys.argv[:1] = ["prefect", "server", "start"]
    runpy.run_module("prefect", run_name="__main__")
