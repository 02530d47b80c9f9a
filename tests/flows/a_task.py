"""What the tests of every task do: train its recipe, load its model as others do, make a mistake in it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.flows.conftest import Run, environment


def trained(seqloom: Run, file: str, *shown: str) -> dict[str, Any]:
    """What a training printed for scripts, having shown these words to people."""
    done = seqloom("train", file, "--json")
    assert done.returncode == 0, done.stderr
    for words in shown:
        assert words in done.stderr
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


def loaded_by_others(workplace: Path, code: str, *arguments: str) -> Any:
    """The JSON that a program of somebody's prints, who has MLflow and nothing of ours."""
    variables = environment(workplace)
    tracking = {"MLFLOW_TRACKING_URI": f"sqlite:///{variables['SEQLOOM_HOME']}/mlflow.db"}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, env={**variables, **tracking}, cwd=workplace, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def refused(seqloom: Run, sentence: str, command: str, file: str, *override: str) -> None:
    """The command ends with the sentence, and as a user's mistake."""
    done = seqloom(command, file, *(part for each in override for part in ("-o", each)))
    assert done.returncode == 2
    assert sentence in done.stderr.splitlines()[-1]
