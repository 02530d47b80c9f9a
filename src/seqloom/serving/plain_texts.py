"""Requests of nothing but texts, answered without a pandas table, which takes as long as a short answer.

The answer is MLflow's, byte for byte. Whatever else a request asks for, and whatever fails, is left to MLflow's server.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from mlflow.environment_variables import MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seqloom.decoding.answers import Columns

PATH, RECORDS, COLUMN = "/invocations", "dataframe_records", "source"
JSON_TYPES = frozenset({"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"})
JSON_VALUES = frozenset({str, bool, float})  # which pandas returns as they are, where a column has one type

TextAnswers = Callable[[list[str]], Columns | None]
"""Return a row of answers for each text, or None if a table has to be asked."""


def with_plain_texts(app: ASGIApp, answer: TextAnswers) -> ASGIApp:
    """Return an application that answers requests of texts by `answer`, and all others by `app`, MLflow's."""
    allowed: Any = MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
    seconds: int = allowed.get()

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or not _is_json(scope):
            await app(scope, receive, send)
            return
        body = await Request(scope, receive).body()
        working = asyncio.to_thread(_answered, body, answer)
        try:
            response = await asyncio.wait_for(working, timeout=seconds)
        except TimeoutError:  # as MLflow's server says it
            response = Response("Request processing time exceeded limit", 504, media_type="application/json")
        if response:
            await response(scope, receive, send)
        else:
            await app(scope, _read_again(body, receive), send)

    return answering


def texts_of(body: bytes) -> list[str] | None:
    """Return the texts of a request that has one or more, and nothing else; None of any other."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(asked, dict) or asked.keys() != {RECORDS} or not isinstance(asked[RECORDS], list):
        return None
    records = asked[RECORDS]
    if not records or not all(isinstance(each, dict) and each.keys() == {COLUMN} for each in records):
        return None
    texts = [each[COLUMN] for each in records]
    return texts if all(isinstance(text, str) for text in texts) else None


def rows_of(columns: Columns) -> list[dict[str, Any]]:
    """Return a row for each answer, with the values that a pandas table would return."""
    if all(_is_of_one_type(column) for column in columns.values()):
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    rows = pd.DataFrame(columns).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def _answered(body: bytes, answer: TextAnswers) -> Response | None:
    texts = texts_of(body)
    try:
        columns = answer(texts) if texts else None
        if columns is None:
            return None
        return Response(json.dumps({"predictions": rows_of(columns)}), media_type="application/json")
    except Exception:  # MLflow's server says what is wrong, in words that clients know
        return None


def _is_of_one_type(column: Sequence[object]) -> bool:
    types = set(map(type, column))
    return len(types) == 1 and types <= JSON_VALUES


def _is_json(scope: Scope) -> bool:
    given = [value for name, value in scope["headers"] if name == b"content-type"]
    return len(given) == 1 and given[0].decode("latin-1").lower() in JSON_TYPES


def _read_again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that starts with a body that was read already."""
    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return given.pop() if given else await receive()

    return received
