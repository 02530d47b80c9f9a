"""`seqloom serve` as a process: it answers, follows the champion, logs, and ends when it is told to."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

from mlflow import MlflowClient

from seqloom.decoding.generator import Generator
from seqloom.registry.mlflow_runs import FlowRun, open_run
from seqloom.registry.versions import register_version
from tests.registry.serving import asked, free_port, post, predictions, wait_for
from tests.registry.tiny import corpus, evaluation, recipe_named

NAME = "followed"


def test_a_server_follows_its_champion(home: Path, client: MlflowClient, checkpoint: Path, tmp_path: Path) -> None:
    recipe = recipe_named(NAME)
    for key in ("first", "second"):
        run_id = open_run(client, recipe, key, FlowRun("flow", "flow"), corpus(), home)
        register_version(client, recipe, run_id, key, checkpoint, evaluation())
    client.set_registered_model_alias(NAME, "champion", "1")
    port, log = free_port(), tmp_path / "server.log"
    command = [sys.executable, "-m", "seqloom.cli.main", "serve", f"models:/{NAME}@champion", "--port", str(port)]
    environment = {**os.environ, "SEQLOOM_HOME": str(home), "OMP_NUM_THREADS": "1"}
    with log.open("wb") as file:
        process = subprocess.Popen(
            [*command, "--follow", "1", "--log", "asked"], env=environment, stdout=file, stderr=file, cwd=tmp_path
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/ready", process, log)
        status, answer = post(f"{address}/invocations", asked(["a small dog"]))
        assert (status, predictions(answer)) == (200, Generator.load(checkpoint).generate(["a small dog"]))
        client.set_registered_model_alias(NAME, "champion", "2")
        deadline = time.monotonic() + 60
        while (version := json.load(urlopen(f"{address}/ready"))["version"]) != 2:
            assert time.monotonic() < deadline, version
            time.sleep(0.2)
        assert post(f"{address}/invocations", asked(["a small dog"]))[0] == 200
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    assert "Traceback" not in log.read_text(encoding="utf-8"), log.read_text(encoding="utf-8")
    [file_of_today] = (tmp_path / "asked").glob("requests-*.jsonl")
    rows = list(map(json.loads, file_of_today.read_text(encoding="utf-8").splitlines()))
    assert [row["version"] for row in rows] == [1, 2]
