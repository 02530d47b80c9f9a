"""`seqloom` as a process in a home of the benchmark's: people's output to the terminal, the outcome to the caller."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.paths import ROOT


def told_by(home: Path, *arguments: str) -> dict[str, Any]:
    """The JSON object that the command prints; where it fails it has said why, and so this program ends as well."""
    command = [sys.executable, "-m", "seqloom.cli.main", *arguments, "--json"]
    environment = {**os.environ, "SEQLOOM_HOME": str(home)}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(done.returncode)
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome
