"""The server without a process: who may ask, what is refused, measured and logged, and how versions change."""

import base64
import json
import socket
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import torch
from mlflow.exceptions import MlflowException
from starlette.testclient import TestClient

from seqloom.cli.serve_command import serve
from seqloom.corpus.person_names import NameList
from seqloom.decoding.search_threads import search_threads
from seqloom.errors import UserError
from seqloom.serving import followed_model, model_server, request_log
from seqloom.serving.followed_model import FollowedModel
from seqloom.serving.listening_socket import bound_socket
from seqloom.serving.model_server import ServerAddress, build_app
from seqloom.serving.request_log import RequestLog
from seqloom.serving.request_metrics import RequestMetrics

ASKED = {"dataframe_records": [{"source": "a"}, {"source": "b"}]}


class Registry:
    """What the alias points to, and the versions that do not load."""

    def __init__(self) -> None:
        self.number = 1
        self.broken: set[int] = set()
        self.loaded: list[int] = []

    def load(self, uri: str, backend: str) -> Any:
        number = int(uri.rpartition("/")[2])
        assert backend == "torch"
        if number in self.broken:
            raise OSError("it is damaged")
        self.loaded.append(number)

        def predict(data: pd.DataFrame, params: dict[str, Any]) -> pd.DataFrame:
            assert params == {}
            return pd.DataFrame({"prediction": [f"{number}:{text}" for text in data["source"]]}, index=data.index)

        with warnings.catch_warnings(action="ignore"):  # MLflow's own
            from mlflow.models import Model, ModelSignature
            from mlflow.types import ColSpec, Schema
        signature = ModelSignature(Schema([ColSpec("string", "source")]))
        served = SimpleNamespace()  # of a version whose code has only `predict`
        return SimpleNamespace(predict=predict, metadata=Model(signature=signature), unwrap_python_model=lambda: served)


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    made = Registry()
    monkeypatch.setattr(followed_model, "find_version", lambda *_: SimpleNamespace(version=str(made.number)))
    monkeypatch.setattr(followed_model, "load_verified", made.load)
    monkeypatch.setenv("SEQLOOM_VERIFY", "0")
    return made


@pytest.fixture
def metrics() -> RequestMetrics:
    return RequestMetrics()


@pytest.fixture
def model(registry: Registry, metrics: RequestMetrics, tmp_path: Path) -> FollowedModel:
    assert registry.number == 1
    return FollowedModel(
        "models:/m@champion", tmp_path, "torch", lambda sources, _, __: metrics.count_texts(len(sources))
    )


@pytest.fixture
def client(model: FollowedModel, metrics: RequestMetrics) -> Iterator[TestClient]:
    with TestClient(build_app(model, metrics, ServerAddress()), base_url="http://127.0.0.1:5001") as asking:
        yield asking


def test_it_answers_by_mlflows_protocol_and_counts(client: TestClient) -> None:
    answer = client.post("/invocations", json=ASKED)
    assert answer.json() == {"predictions": [{"prediction": "1:a"}, {"prediction": "1:b"}]}
    assert client.get("/ready").json() == {"model": "models:/m@champion", "version": 1}
    assert client.post("/invocations", content=b"{", headers={"content-type": "application/json"}).status_code == 400
    told = client.get("/metrics").text
    for line in (
        'seqloom_requests_total{status="200"} 1.0',
        'seqloom_requests_total{status="400"} 1.0',
        "seqloom_request_seconds_count 2.0",
        "seqloom_texts_total 2.0",
        "seqloom_requests_running 0.0",
        "seqloom_version 1.0",
    ):
        assert line in told.splitlines()


def test_a_mistake_is_told_with_and_without_a_table_alike(
    client: TestClient, model: FollowedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(texts: list[str], params: dict[str, Any]) -> Any:
        raise UserError(f"{len(texts)} texts are too many: {params}")

    def predict(data: pd.DataFrame, params: dict[str, Any]) -> Any:
        raise MlflowException.invalid_parameter_value(f"{len(data)} texts are too many: {params}")

    served = SimpleNamespace(predictor=refuse, user_error=UserError)
    monkeypatch.setattr(model._answering.model, "unwrap_python_model", lambda: served)
    monkeypatch.setattr(model._answering.model, "predict", predict)
    for texts in (["a", "b\n\u00e4"], ["long " * 100] * 100):
        asked = {"dataframe_records": [{"source": text} for text in texts]}
        ours, theirs = (client.post("/invocations", json=each) for each in (asked, asked | {"params": {}}))
        assert ours.status_code == theirs.status_code == 400
        assert ours.content == theirs.content


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"host": "evil.example:5001"}, 403),
        ({"origin": "http://127.0.0.1:5001"}, 200),
        ({"content-length": str(model_server.LARGEST_BODY + 1)}, 413),
        ({"content-length": "-1"}, 413),
        ({"transfer-encoding": "chunked"}, 411),
    ],
)
def test_who_may_ask_and_how_much(headers: dict[str, str], status: int, client: TestClient) -> None:
    assert client.post("/invocations", json=ASKED, headers=headers).status_code == status


def test_a_password_is_asked_for_everywhere_but_where_a_balancer_looks(
    model: FollowedModel, metrics: RequestMetrics
) -> None:
    address = ServerAddress(auth_string="me:secret")
    with TestClient(build_app(model, metrics, address), base_url="http://127.0.0.1:5001") as asking:
        assert [asking.get(path).status_code for path in ("/ready", "/metrics", "/version")] == [200, 401, 401]
        header = {"authorization": f"Basic {base64.b64encode(b'me:secret').decode()}"}
        assert asking.post("/invocations", json=ASKED, headers=header).status_code == 200


def test_the_new_champion_takes_over(registry: Registry, model: FollowedModel, client: TestClient) -> None:
    model.follow()
    registry.number = 2
    assert client.post("/invocations", json=ASKED).json()["predictions"][0] == {"prediction": "1:a"}
    model.follow()
    assert client.post("/invocations", json=ASKED).json()["predictions"][0] == {"prediction": "2:a"}
    assert registry.loaded == [1, 2]


def test_a_new_champion_is_loaded_with_the_threads_of_the_start_whatever_a_search_has(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seen: list[int] = []

    def load(uri: str, backend: str) -> Any:
        seen.append(torch.get_num_threads())
        return registry.load(uri, backend)

    monkeypatch.setattr(followed_model, "load_verified", load)
    with search_threads(3):
        model = FollowedModel("models:/m@champion", tmp_path, "torch", lambda *_: None)
    registry.number = 2
    with search_threads(1), ThreadPoolExecutor(1) as follower:  # a thread begins with what was set last
        follower.submit(model.follow).result()
    assert seen == [3, 3]


def test_what_is_missing_is_none_for_the_log_and_the_metrics(registry: Registry, tmp_path: Path) -> None:
    seen: list[dict[str, list[Any]]] = []
    model = FollowedModel("models:/m@champion", tmp_path, "torch", lambda _, answers, __: seen.append(answers))
    answers = pd.DataFrame({"prediction": ["a", "b"], "confidence": [None, 0.5], "carried_over": [None, "x"]})
    model._answering.model.predict = lambda *_, **__: answers  # type: ignore[method-assign]
    model.predict(pd.DataFrame({"source": ["a", "b"]}))
    assert registry.loaded == [1]
    assert seen == [{"prediction": ["a", "b"], "confidence": [None, 0.5], "carried_over": [None, "x"]}]


def test_one_that_does_not_load_changes_nothing(
    registry: Registry, model: FollowedModel, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    registry.number = 2
    registry.broken = {2}
    model.follow()
    assert client.get("/ready").json()["version"] == 1
    assert "version 1 goes on answering: models:/m/2: cannot be served: it is damaged" in caplog.text
    registry.broken = set()
    model.follow()
    assert client.get("/ready").json()["version"] == 2


def test_a_registry_that_is_away_changes_nothing(
    model: FollowedModel, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> None:
        raise ConnectionError("MLflow does not answer")

    monkeypatch.setattr(followed_model, "find_version", away)
    model.follow()
    assert model.version == 1
    assert "version 1 goes on answering: MLflow does not answer" in caplog.text


def test_every_answer_is_of_one_version(registry: Registry, model: FollowedModel) -> None:
    """Requests go on while versions change: the observer is told the version that really answered."""
    seen: list[tuple[str, int]] = []
    model._observe = lambda _, answers, version: seen.append((answers["prediction"][0], version))
    ended = threading.Event()

    def move() -> None:
        for number in range(2, 40):
            while len(seen) < 5 * number:
                time.sleep(0)
            registry.number = number
            model.follow()
        ended.set()

    def ask() -> None:
        while not ended.is_set():
            model.predict(pd.DataFrame({"source": ["a"]}))

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(move), *(pool.submit(ask) for _ in range(3))]:
            done.result()
    assert len({version for _, version in seen}) > 5
    assert all(answer == f"{version}:a" for answer, version in seen)


def test_a_version_that_never_loaded_is_one_sentence(registry: Registry, tmp_path: Path) -> None:
    registry.broken = {1}
    with pytest.raises(UserError, match="models:/m/1: cannot be served: it is damaged"):
        FollowedModel("models:/m@champion", tmp_path, "torch", lambda *_: None)


def exchange(*texts: object) -> tuple[list[object], dict[str, list[Any]]]:
    return list(texts), {"prediction": [f"re {text}" for text in texts]}


def logged(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in folder.glob("*.jsonl") for line in file.read_text("utf-8").splitlines()]


def test_the_log_has_no_personal_data_and_nobody_else_reads_it(tmp_path: Path) -> None:
    log = RequestLog(tmp_path / "log", 1.0, 30)
    log(*exchange("write to tom@example.com", 7, None), 3)
    [row] = logged(tmp_path / "log")
    assert (row["source"], row["prediction"], row["version"]) == ("write to [EMAIL_1]", "re write to [EMAIL_1]", 3)
    modes = [path.stat().st_mode & 0o777 for path in (tmp_path / "log", *(tmp_path / "log").iterdir())]
    assert modes == [0o700, 0o600]


def test_the_log_is_without_the_names_of_a_list(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("Quillfeather\nAnn Other\n", encoding="utf-8")
    texts = ("when does Quillfeather come", "ANN OTHER asks for Another")
    for folder, given in (("with", NameList.read(str(names))), ("without", None)):
        RequestLog(tmp_path / folder, 1.0, 30, given)(*exchange(*texts), 3)
    assert [row["source"] for row in logged(tmp_path / "with")] == [
        "when does [NAME_1] come",
        "[NAME_1] asks for Another",
    ]
    assert logged(tmp_path / "with")[0]["prediction"] == "re when does [NAME_1] come"
    assert [row["source"] for row in logged(tmp_path / "without")] == [*texts]


def test_a_list_of_names_for_the_log_is_named_by_its_option(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--log-names nobody\.txt is of a request log"):
        serve("models:/a@champion", log_names="nobody.txt")
    with pytest.raises(UserError, match="--log-names"):
        NameList.read(str(tmp_path / "nobody.txt"), "--log-names")


def test_the_log_and_the_metrics_show_how_sure_the_answers_are(tmp_path: Path, metrics: RequestMetrics) -> None:
    request, answers = exchange("a", "b")
    RequestLog(tmp_path, 1.0, 30)(request, answers | {"confidence": [0.25, 0.75]}, 3)
    assert [row["confidence"] for row in logged(tmp_path)] == [0.25, 0.75]
    metrics.observe_confidence([0.25, None, 0.75])
    told = metrics.text(3).decode().splitlines()
    assert 'seqloom_confidence_bucket{le="0.5"} 1.0' in told
    assert "seqloom_confidence_count 2.0" in told


@pytest.mark.parametrize(("share", "least", "most"), [(0.0, 0, 0), (1.0, 400, 400), (0.5, 120, 280)])
def test_a_share_of_the_texts_is_logged(share: float, least: int, most: int, tmp_path: Path) -> None:
    log = RequestLog(tmp_path, share, 30)
    log(*exchange(*map(str, range(400))), 1)
    assert least <= len(logged(tmp_path)) <= most


def test_days_that_are_over_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    monkeypatch.setattr(request_log, "datetime", SimpleNamespace(now=lambda _: now))
    kept = {"requests-2026-02-27.jsonl", "requests-2026-02-28.jsonl", "notes.jsonl"}
    for name in (*kept, "requests-2026-02-26.jsonl", "requests-2025-12-31.jsonl"):
        (tmp_path / name).touch()
    RequestLog(tmp_path, 1.0, 2)(*exchange("a"), 1)
    assert {file.name for file in tmp_path.iterdir()} == {*kept, "requests-2026-03-01.jsonl"}


def test_a_full_disk_costs_no_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log = RequestLog(tmp_path, 1.0, 2)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", full)
        log(*exchange("a"), 1)
        log(*exchange("b"), 1)
    log(*exchange("c"), 1)
    assert caplog.text.count("requests are not logged") == 1
    assert [row["source"] for row in logged(tmp_path)] == ["c"]


def test_a_port_that_is_taken_is_one_sentence() -> None:
    with bound_socket("127.0.0.1", 0) as first:
        first.listen()
        port = first.getsockname()[1]
        with pytest.raises(UserError, match=rf"127.0.0.1:{port} cannot be listened at \(.*\): choose another --port"):
            bound_socket("127.0.0.1", port)


def test_answers_are_sent_at_once() -> None:
    """An accepted connection has its listener's protocol, by which asyncio decides whether small packets wait."""
    with bound_socket("127.0.0.1", 0) as listening:
        listening.listen()
        with socket.create_connection(listening.getsockname()), listening.accept()[0] as accepted:
            assert accepted.proto == socket.IPPROTO_TCP
