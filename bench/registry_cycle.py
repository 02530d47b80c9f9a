"""The registry end to end on the demo corpus, as a team would live with it: `python -m bench.registry_cycle`.

Three versions are trained: a good one, a better one, and one of far fewer steps. The better one has to become champion,
the worse one to be refused with evidence, a rollback to take seconds, the history to tell it all; then the champion is
served over HTTP to 50 clients at once, none of whom may see an error, gets a backend of 8 bits, and answers in a plain
venv of its own requirements. Prints what was measured; exits with 1 if one thing is not so.
"""

import json
import os
import socket
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from bench.paths import HOME as BENCH

RECIPE, MODEL = "recipes/demo.yaml", "jupyterlab-en-zh"
CHAMPION = f"models:/{MODEL}@champion"
GOOD, BETTER, WORSE = 18, 26, 3  # epochs; after fewer than some 17 the nearest baseline is still better
CLIENTS, REQUESTS = 50, 20  # at once, and by each of them
TEXTS = ["Restart the kernel", "Open the file in a new tab", "Save", "Close all tabs", "Clear the output of the cell"]
HOME = BENCH / "registry"


def main() -> None:
    environment = {**os.environ, "SEQLOOM_HOME": str(HOME), "PATH": f"{scripts()}:{os.environ['PATH']}"}
    environment.pop("MLFLOW_TRACKING_URI", None)
    good, better, worse = (train(environment, epochs) for epochs in (GOOD, BETTER, WORSE))
    for made, aliases in ((good, ["champion"]), (better, ["champion"]), (worse, ["challenger"])):
        print(f"{made['seconds']:6.0f} s  {made['gate']}")
        expect(made["aliases"] == aliases, f"version {made['version']} has aliases {made['aliases']}, not {aliases}")
    expect("is refused: " in worse["gate"], "the worse version is refused")
    back = roll_back(environment)
    expect((back["to"], back["origin"]) == (good["version"], better["version"]), f"rolled back to {back}")
    told = seqloom(environment, "history", MODEL)
    print("\n" + told)
    expect(told.count("became champion") == 3, "the history tells three moves")
    expect("version 3 refused" in told, "the history tells the refusal")
    figures = serve(environment)
    print("  ".join(f"{name} {value}" for name, value in figures.items()))
    expect(figures["errors"] == 0, "no client sees an error")
    print(seqloom(environment, "export", CHAMPION, "--format", "torch", "--quantization", "int8"))
    expect("## In other backends" in seqloom(environment, "show", CHAMPION), "the card tells of the backend")
    answer_elsewhere(environment, seqloom(environment, "generate", CHAMPION, *TEXTS).splitlines())


def train(environment: dict[str, str], epochs: int) -> dict[str, Any]:
    """Run `seqloom train`, and return its outcome and duration."""
    started = time.monotonic()
    override = f"training.epochs={epochs}"
    made: dict[str, Any] = json.loads(seqloom(environment, "train", RECIPE, "-o", override, "--json"))
    return {**made, "seconds": time.monotonic() - started}


def roll_back(environment: dict[str, str]) -> dict[str, Any]:
    """Roll back, and print the seconds."""
    started = time.monotonic()
    move: dict[str, Any] = json.loads(seqloom(environment, "rollback", MODEL, "--why", "to see it work", "--json"))
    seconds = time.monotonic() - started
    print(f"{seconds:6.1f} s  rollback to version {move['to']}")
    expect(seconds < 30, "a rollback takes seconds")
    return move


def serve(environment: dict[str, str]) -> dict[str, float]:
    """Measure latency and throughput of `mlflow models serve` under load."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    uri = ["-m", CHAMPION, "--host", "127.0.0.1", "--port", port]
    tracking = {**environment, "MLFLOW_TRACKING_URI": f"sqlite:///{HOME}/mlflow.db"}
    command = [f"{scripts()}/mlflow", "models", "serve", "--env-manager", "local", *uri]
    with (HOME / "serving.log").open("wb") as log:
        server = subprocess.Popen(command, env=tracking, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/ping")
        return load(f"http://127.0.0.1:{port}/invocations")
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def answer_elsewhere(environment: dict[str, str], expected: list[str]) -> None:
    """Predict in a venv with the version's requirements.txt and without Seqloom."""
    started = time.monotonic()
    downloaded, plain = HOME / "downloaded", HOME / "plain"
    tracking = {**environment, "MLFLOW_TRACKING_URI": f"sqlite:///{HOME}/mlflow.db"}
    run(tracking, f"{scripts()}/mlflow", "artifacts", "download", "-u", CHAMPION, "-d", str(downloaded))
    run(environment, sys.executable, "-m", "venv", str(plain))
    run(environment, f"{plain}/bin/pip", "install", "--quiet", "-r", str(downloaded / "requirements.txt"))
    for backend in ("torch", "torch-int8"):
        told = run(environment, f"{plain}/bin/python", "-I", "-c", ASK, str(downloaded), backend, *TEXTS)
        answers = json.loads(told.splitlines()[-1])
        expect(backend != "torch" or answers == expected, f"{answers} in a plain venv, {expected} here")
        expect(len(answers) == len(TEXTS), f"{backend} answers in a plain venv")
    print(f"{time.monotonic() - started:6.0f} s  a plain venv of its requirements, in which it answers the same")


ASK = """
import importlib.util, json, sys
assert importlib.util.find_spec("seqloom") is None, "seqloom is installed here"
import mlflow, pandas
folder, backend, *texts = sys.argv[1:]
model = mlflow.pyfunc.load_model(folder, model_config={"backend": backend})
print(json.dumps(model.predict(pandas.DataFrame({"source": texts}))["prediction"].tolist()))
"""


def load(address: str) -> dict[str, float]:
    alone = [ask(address, TEXTS[number % len(TEXTS)])[1] for number in range(20)]
    started = time.monotonic()
    with ThreadPoolExecutor(CLIENTS) as clients:
        asked = [TEXTS[number % len(TEXTS)] for number in range(CLIENTS * REQUESTS)]
        answers = list(clients.map(lambda text: ask(address, text), asked))
    seconds = time.monotonic() - started
    taken = sorted(took for _, took in answers)
    return {
        "errors": sum(not good for good, _ in answers),
        "requests": len(answers),
        "p50_alone_ms": round(statistics.median(alone) * 1000, 1),
        "p50_ms": round(taken[len(taken) // 2] * 1000, 1),
        "p95_ms": round(taken[int(0.95 * len(taken))] * 1000, 1),
        "requests_per_second": round(len(answers) / seconds, 1),
    }


def ask(address: str, text: str) -> tuple[bool, float]:
    """Send a request; return whether it was answered, and the seconds."""
    body = json.dumps({"dataframe_records": [{"source": text}]}).encode()
    started = time.monotonic()
    try:
        with urlopen(Request(address, body, {"Content-Type": "application/json"}), timeout=120) as response:
            good = bool(json.load(response)["predictions"][0]["prediction"])
    except (OSError, KeyError, ValueError):
        good = False
    return good, time.monotonic() - started


def wait_for(address: str) -> None:
    for _ in range(600):
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit(f"{address} does not answer; see {HOME}/serving.log")


def seqloom(environment: dict[str, str], *arguments: str) -> str:
    return run(environment, sys.executable, "-m", "seqloom.cli.main", *arguments)


def run(environment: dict[str, str], *command: str) -> str:
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    expect(done.returncode == 0, f"{' '.join(command)}: {done.stderr[-2000:]}")
    return done.stdout


def scripts() -> Path:
    return Path(sys.executable).parent


def expect(holds: bool, what: str) -> None:
    if not holds:
        raise SystemExit(f"not as it should be: {what}")


if __name__ == "__main__":
    main()
