"""Requests of nothing but texts, answered without a pandas table, which takes as long as a short answer.

The answer is MLflow's, byte for byte, also to a mistake. Whatever else a request asks for, and what fails in a way that
nobody foresaw, is left to MLflow's server.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
from mlflow.environment_variables import MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
from mlflow.exceptions import MlflowException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from seqloom.decoding.answers import Columns
from seqloom.errors import UserError

logger = logging.getLogger(__name__)

PATH, RECORDS, COLUMN = "/invocations", "dataframe_records", "source"
JSON_TYPES = frozenset({"application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"})
JSON_VALUES = frozenset({str, bool, float})  # which pandas returns as they are, where a column has one type

TextAnswers = Callable[[list[str]], Columns | None]
"""Return a row of answers for each text, or None if a table has to be asked; a `UserError` says what is wrong."""


def with_plain_texts(app: ASGIApp, answer: TextAnswers) -> ASGIApp:
    """Return an application that answers requests of texts by `answer`, and all others by `app`, MLflow's."""
    allowed: Any = MLFLOW_SCORING_SERVER_REQUEST_TIMEOUT
    seconds: int = allowed.get()

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        if not _may_be_of_texts(scope):
            await app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(seconds) as limit:  # of reading and answering, whoever answers
                await _answer_in_time(scope, receive, _begun(send, limit))
        except TimeoutError:
            if not limit.expired():
                raise
            await _late()(scope, receive, send)
        except ClientDisconnect:
            logger.info("a client went away before its request was whole")

    async def _answer_in_time(scope: Scope, receive: Receive, send: Send) -> None:
        body = await Request(scope, receive).body()
        response = await asyncio.to_thread(_answered, body, answer)
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
    if not texts:
        return None
    try:
        columns = answer(texts)
        if columns is None:
            return None
        return Response(json.dumps({"predictions": rows_of(columns)}), media_type="application/json")
    except UserError as error:
        return _refusal(texts, error)
    except Exception:  # MLflow's server says what is wrong, in words that clients know
        logger.exception("%d texts could not be answered: they are asked as a table", len(texts))
        return None


def _refusal(texts: list[str], error: UserError) -> Response:
    """Return what MLflow's server answers to a mistake in a request."""
    sentence = f"Failed to predict data '{pd.DataFrame({COLUMN: texts})}'. \nError: {error}"
    told = MlflowException.invalid_parameter_value(sentence)
    return Response(told.serialize_as_json(), told.get_http_status_code(), media_type="application/json")


def _late() -> Response:
    """Return what MLflow's server answers too late; the rest of a body that stalled is not waited for."""
    sentence = "Request processing time exceeded limit"
    return Response(sentence, 504, {"connection": "close"}, media_type="application/json")


def _begun(send: Send, limit: asyncio.Timeout) -> Send:
    """Return a `send` that lifts the limit: an answer that has begun is sent to its end."""

    async def sent(message: Message) -> None:
        if not limit.expired():
            limit.reschedule(None)
            await send(message)

    return sent


def _is_of_one_type(column: Sequence[object]) -> bool:
    types = set(map(type, column))
    return len(types) == 1 and types <= JSON_VALUES


def _may_be_of_texts(scope: Scope) -> bool:
    """Return whether it is a POST of JSON for answers."""
    return scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST" and _is_json(scope)


def _is_json(scope: Scope) -> bool:
    given = [value for name, value in scope["headers"] if name == b"content-type"]
    return len(given) == 1 and given[0].decode("latin-1").lower() in JSON_TYPES


def _read_again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that starts with a body that was read already."""
    given: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def received() -> Message:
        return given.pop() if given else await receive()

    return received
