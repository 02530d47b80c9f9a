"""`mlflow models serve`, as another team runs it: over HTTP, many at once, and with what they get wrong."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from seqloom.decoding.generator import Generator
from seqloom.registry.runs import FlowRun, open_run
from seqloom.registry.tracking import connect
from seqloom.registry.versions import register_version
from tests.registry.tiny import corpus, evaluation, recipe_named

TEXTS = ["a small dog", "", "dog dog dog", "ein kleiner Hund"]


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(home: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    client = connect(home)
    recipe = recipe_named("over-http")
    run_id = open_run(client, recipe, "key", FlowRun("flow", "flow"), corpus(), home)
    register_version(client, recipe, run_id, "key", checkpoint, evaluation())
    client.set_registered_model_alias("over-http", "champion", "1")
    port = free_port()
    places = str(Path(sys.executable).parent)
    command = [f"{places}/mlflow", "models", "serve", "--env-manager", "local"]
    command += ["-m", "models:/over-http@champion", "--port", str(port), "--host", "127.0.0.1"]
    log = tmp_path_factory.mktemp("server") / "log"
    with log.open("wb") as file:
        environment = {
            **os.environ,
            "PATH": f"{places}:{os.environ['PATH']}",  # as in a venv that is active: MLflow calls uvicorn by its name
            "MLFLOW_TRACKING_URI": client.tracking_uri,
            "OMP_NUM_THREADS": "1",
        }
        process = subprocess.Popen(
            command, env=environment, stdout=file, stderr=file, cwd=log.parent, start_new_session=True
        )
    try:
        wait_for(f"http://127.0.0.1:{port}/ping", process, log)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        os.killpg(process.pid, 15)
        process.wait(30)


def wait_for(address: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(600):
        assert process.poll() is None, log.read_text()
        try:
            with urlopen(address, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(log.read_text())


def post(address: str, body: bytes, kind: str = "application/json") -> tuple[int, Any]:
    try:
        with urlopen(Request(address, body, {"Content-Type": kind}), timeout=60) as response:
            return response.status, json.load(response)
    except HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def asked(texts: list[Any], **params: Any) -> bytes:
    return json.dumps(
        {"dataframe_split": {"columns": ["source"], "data": [[t] for t in texts]}, "params": params}
    ).encode()


def predictions(answer: Any) -> list[str]:
    return [row["prediction"] for row in answer["predictions"]]


def test_every_format_that_mlflow_takes(server: str, checkpoint: Path) -> None:
    expected = Generator.load(checkpoint).generate(TEXTS)
    bodies: list[dict[str, Any]] = [
        {"dataframe_records": [{"source": text} for text in TEXTS]},
        {"dataframe_split": {"columns": ["source"], "data": [[text] for text in TEXTS]}},
        {"inputs": {"source": TEXTS}},
        {"instances": [{"source": text} for text in TEXTS]},
    ]
    for body in bodies:
        status, answer = post(server, json.dumps(body).encode())
        assert (status, predictions(answer)) == (200, expected)
    csv = "source\n" + "\n".join(f'"{text}"' for text in TEXTS)
    assert predictions(post(server, csv.encode(), "text/csv")[1]) == expected


def test_params_over_http(server: str) -> None:
    status, answer = post(server, asked(TEXTS, n_best=2, return_scores=True, return_attention=True, max_length=3))
    assert status == 200
    for row, text in zip(answer["predictions"], TEXTS, strict=True):
        assert row["prediction"] == row["predictions"][0]
        assert row["score"] == row["scores"][0]
        assert len(row["attention"]) == len(row["target_tokens"])
        assert all(len(look) == len(row["source_tokens"]) for look in row["attention"])
        assert bool(row["attention"]) == bool(text)


def test_no_text_is_no_error(server: str) -> None:
    assert post(server, asked([None, ""])) == (200, {"predictions": [{"prediction": ""}, {"prediction": ""}]})


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param(b"{", "valid JSON", id="no JSON"),
        pytest.param(b"\xff", "valid JSON", id="no UTF-8"),
        pytest.param(b"", "valid JSON", id="nothing"),
        pytest.param(b'["a"]', "must be a JSON dictionary", id="a list"),
        pytest.param(b'{"text": ["a"]}', "must be a JSON dictionary with exactly one", id="no input"),
        pytest.param(b'{"dataframe_records": [{"text": "a"}]}', "missing inputs ['source']", id="no source"),
        pytest.param(asked(["a", ["b"]]), "row 1 is a list, not a text", id="a list for a text"),
        pytest.param(asked(["a"], beam_size=0), "params: beam_size: input should be greater than", id="no beam"),
        pytest.param(asked(["a"], beam_size="wide"), "beam_size", id="a word for a number"),
        pytest.param(asked(["a"], n_best=99), "n_best is 99 and beam_size", id="too many answers"),
    ],
)
def test_a_mistake_is_400_and_a_sentence(server: str, body: bytes, sentence: str) -> None:
    status, answer = post(server, body)
    assert status == 400
    assert sentence in answer["message"]
    assert answer["error_code"]
    assert post(server, asked(["a small dog"]))[0] == 200


def test_fifty_at_once_each_get_their_own(server: str, checkpoint: Path) -> None:
    texts = [" ".join((TEXTS[0], TEXTS[2], TEXTS[3])[n % 3].split()[: 1 + n % 4] * (1 + n % 5)) for n in range(50)]
    generator = Generator.load(checkpoint)
    with ThreadPoolExecutor(50) as pool:
        for size in (1, 3):
            options = {"beam_size": size, "max_length": 8}
            decoding = recipe_named("over-http").decoding.model_copy(update=options)
            expected = [found[0].text for found in generator.answer(texts, decoding)]
            answers = list(pool.map(lambda text, o=options: post(server, asked([text], **o)), texts))
            assert {status for status, _ in answers} == {200}
            assert [predictions(answer)[0] for _, answer in answers] == expected
