"""Requests of nothing but texts get what MLflow's server answers them, byte for byte; others are left to it."""

import asyncio
import json
import threading
import time
import warnings
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seqloom.decoding.answers import Columns
from seqloom.errors import UserError
from seqloom.serving.followed_model import Answering
from seqloom.serving.plain_texts import rows_of, texts_of, with_plain_texts

with warnings.catch_warnings(action="ignore"):  # MLflow's own
    from mlflow.pyfunc.scoring_server import predictions_to_json

WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
COLUMNS = st.integers(1, 4).flatmap(
    lambda rows: st.fixed_dictionaries(
        {"prediction": st.lists(WORDS, min_size=rows, max_size=rows)},
        optional={
            "truncated": st.lists(st.booleans(), min_size=rows, max_size=rows),
            "confidence": st.lists(st.none() | NUMBERS, min_size=rows, max_size=rows),
            "probabilities": st.lists(st.dictionaries(WORDS, NUMBERS, max_size=2), min_size=rows, max_size=rows),
            "carried_over": st.lists(st.none() | WORDS, min_size=rows, max_size=rows),
        },
    )
)


class Table:
    """What MLflow's server writes to."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text


@given(COLUMNS)
def test_an_answer_is_written_as_mlflow_writes_it(columns: Columns) -> None:
    expected = Table()
    predictions_to_json(pd.DataFrame(columns), expected)
    assert json.dumps({"predictions": rows_of(columns)}) == expected.text


@given(st.lists(WORDS, min_size=1))
def test_texts_are_read(texts: list[str]) -> None:
    assert texts_of(json.dumps({"dataframe_records": [{"source": text} for text in texts]}).encode()) == texts


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1]",
        b"\xff",
        b"[" * 100_000,
        b'{"dataframe_records": []}',
        b'{"dataframe_records": {"source": "a"}}',
        b'{"dataframe_records": [{"source": null}]}',
        b'{"dataframe_records": [{"source": 7}]}',
        b'{"dataframe_records": [{"source": "a", "other": "b"}]}',
        b'{"dataframe_records": [{"source": "a"}, "a"]}',
        b'{"dataframe_records": [{"source": "a"}], "params": {"n_best": 2}}',
        b'{"dataframe_split": {"columns": ["source"], "data": [["a"]]}}',
        b'{"inputs": {"source": ["a"]}}',
    ],
)
def test_everything_else_is_left_to_mlflow(body: bytes) -> None:
    assert texts_of(body) is None
    answer = _client(_echo).post("/invocations", content=body, headers={"content-type": "application/json"})
    assert answer.content == b"mlflow: " + body


@pytest.mark.parametrize("given", ["text/csv", "application/json; charset=latin-1", "application/json; x=y", ""])
def test_another_type_is_left_to_mlflow(given: str) -> None:
    assert _ask(_client(_echo), given).content.startswith(b"mlflow: ")


@pytest.mark.parametrize("given", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
def test_texts_are_answered(given: str) -> None:
    answer = _ask(_client(_echo), given)
    assert (answer.json(), answer.headers["content-type"]) == (
        {"predictions": [{"prediction": "A"}]},
        "application/json",
    )


def test_what_nobody_foresaw_is_told_by_mlflow_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def failing(texts: list[str]) -> Columns:
        raise KeyError(f"{texts} is nowhere")

    assert _ask(_client(failing)).content.startswith(b"mlflow: ")
    assert "is nowhere" in caplog.text


def test_a_mistake_is_told_once() -> None:
    asked: list[list[str]] = []

    def refusing(texts: list[str]) -> Columns:
        asked.append(texts)
        raise UserError("ask again in a while")

    answer = _ask(_client(refusing))
    assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    assert answer.json()["message"].endswith("\nError: ask again in a while")
    assert asked == [["a"]]


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_another_method_is_left_to_mlflow(method: str) -> None:
    body, headers = b'{"dataframe_records": [{"source": "a"}]}', {"content-type": "application/json"}
    answer = _client(_echo).request(method, "/invocations", content=body, headers=headers)
    assert answer.status_code == 405


def test_a_body_that_stalls_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT", "1")
    said: list[Message] = []

    async def stalling() -> Message:
        if said:
            raise AssertionError("nothing more is read")
        await asyncio.sleep(5)
        raise AssertionError("it was waited for")

    asyncio.run(_spoken(with_plain_texts(PlainTextResponse("mlflow"), _echo), stalling, said))
    assert said[0]["status"] == 504
    assert (b"connection", b"close") in said[0]["headers"]


@pytest.mark.parametrize(
    ("seconds", "status", "body"), [(0.8, 504, b"Request processing time exceeded limit"), (0.1, 200, b"whole")]
)
def test_mlflow_gets_the_time_that_is_left_and_an_answer_that_has_begun_its_end(
    seconds: float, status: int, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT", "1")

    async def mlflow(_: Scope, __: Receive, send: Send) -> None:
        await asyncio.sleep(seconds)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await asyncio.sleep(0.6)
        await send({"type": "http.response.body", "body": b"whole"})

    def slow(texts: list[str]) -> None:
        assert texts == ["a"]
        time.sleep(0.5)

    async def whole() -> Message:
        return {"type": "http.request", "body": b'{"dataframe_records": [{"source": "a"}]}', "more_body": False}

    said: list[Message] = []
    asyncio.run(_spoken(with_plain_texts(mlflow, slow), whole, said))
    assert [said[0]["status"], *(each["body"] for each in said[1:])] == [status, body]


def test_a_client_that_goes_away_is_no_fault_of_ours() -> None:
    async def gone() -> Message:
        return {"type": "http.disconnect"}

    said: list[Message] = []
    asyncio.run(_spoken(with_plain_texts(PlainTextResponse("mlflow"), _echo), gone, said))
    assert not said


def test_what_takes_too_long_is_told_as_mlflow_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT", "1")
    ended = threading.Event()

    def slow(texts: list[str]) -> Columns:
        ended.wait(1.5)
        return {"prediction": texts}

    answer = _ask(_client(slow))
    ended.set()
    assert (answer.status_code, answer.text) == (504, "Request processing time exceeded limit")


def test_a_version_that_takes_more_than_texts_or_has_other_code_is_asked_by_a_table() -> None:
    def loaded(names: list[str], **served: Any) -> Answering:
        schema = SimpleNamespace(input_names=lambda: names)
        metadata = SimpleNamespace(get_input_schema=lambda: schema)
        code = SimpleNamespace(**served)
        model: Any = SimpleNamespace(metadata=metadata, unwrap_python_model=lambda: code)
        return Answering(1, model)

    def predictor(texts: list[str], params: dict[str, Any]) -> Columns:
        assert params == {}
        return {"prediction": texts}

    def refusing(texts: list[str], params: dict[str, Any]) -> Columns:
        raise KeyError(f"{texts}, {params}: in the words of the version")

    assert loaded(["source"], predictor=predictor).columns(["a"]) == {"prediction": ["a"]}
    assert loaded(["source"], answering=predictor).columns(["a"]) == {"prediction": ["a"]}
    with pytest.raises(UserError, match="in the words of the version"):
        loaded(["source"], predictor=refusing, user_error=KeyError).columns(["a"])
    assert loaded(["source"]).columns(["a"]) is None
    assert loaded(["source", "features"], predictor=predictor).columns(["a"]) is None


def _echo(texts: list[str]) -> Columns:
    return {"prediction": [text.upper() for text in texts]}


def _client(answer: Any) -> TestClient:
    async def mlflow(request: Request) -> PlainTextResponse:
        return PlainTextResponse(b"mlflow: " + await request.body())

    app = Starlette(routes=[Route("/invocations", mlflow, methods=["POST"])])
    return TestClient(with_plain_texts(app, answer))


async def _spoken(app: ASGIApp, receive: Receive, said: list[Message]) -> None:
    """Run one request of JSON by hand; `said` gets what is answered."""

    async def send(message: Message) -> None:
        said.append(message)

    headers = [(b"content-type", b"application/json")]
    await app({"type": "http", "method": "POST", "path": "/invocations", "headers": headers}, receive, send)


def _ask(client: TestClient, given: str = "application/json") -> Any:
    return client.post(
        "/invocations", content=b'{"dataframe_records": [{"source": "a"}]}', headers={"content-type": given}
    )
