"""A teacher behind an HTTP endpoint that speaks OpenAI's protocol of chat completions.

https://platform.openai.com/docs/api-reference/chat/create, which vLLM, llama.cpp, Ollama and others speak too.
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from threading import Event
from typing import Any

import httpx

from seqloom.artifact.digest import digest_of_value
from seqloom.corpus.url_secrets import fill_text, redact
from seqloom.distillation.request_budget import RequestBudget, RunRecord
from seqloom.distillation.teacher import BudgetSpent, TeacherReply
from seqloom.errors import Unreachable, UserError, is_transient

TRIES = 5  # of a request that fails for a reason that passes
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 60.0  # seconds between them
AWAY = (429, 502, 503, 504)  # statuses that say nothing of a text: the server is away or wants no more
TIMEOUT = 120.0  # seconds for an answer
SHOWN = 200  # characters of what a server says of an error


@dataclass(frozen=True)
class Endpoint:
    """Request to a server, and its limits; `recipe/endpoint_rules.py` says which are refused."""

    url: str  # up to and without /chat/completions
    model: str
    prompt: str  # with {source} where the text goes
    key: str = ""  # as ${NAME}; empty: the server wants none
    answers: int = 1  # to each text
    temperature: float = 0.0
    max_tokens: int = 0  # of an answer; 0: as the server has it
    concurrency: int = 4  # requests at a time
    requests_per_minute: int = 0  # 0: no limit
    request_budget: int = 0  # requests of this run at most; 0: no limit
    token_budget: int = 0  # tokens of this run at most, as the server counts them; 0: no limit

    @property
    def identity(self) -> str:
        """Return what decides an answer, with its text: the same model may move to another address."""
        return digest_of_value([self.model, self.prompt, self.answers, self.temperature, self.max_tokens])


class EndpointTeacher:
    """Asks an endpoint, several texts at a time, with retries after failures that pass."""

    def __init__(self, endpoint: Endpoint, record: RunRecord | None = None) -> None:
        """Take the endpoint, and look its key up; its budget goes on from `record`, that of a run that is tried again.

        Raises:
            UserError: the key is not set, or the address is none.
        """
        self._endpoint = endpoint
        key, self._secrets = fill_text(endpoint.key, endpoint.url, "the key")
        if not (key.isascii() and key.isprintable()):
            raise UserError(
                f"{endpoint.url}: what {endpoint.key} stands for is no key, for it has a line break or a sign beyond "
                "ASCII; correct the variable or the Secret block"
            )
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(headers=headers, timeout=TIMEOUT, follow_redirects=False)
        try:
            self._address = httpx.URL(f"{endpoint.url.rstrip('/')}/chat/completions")
        except httpx.InvalidURL as error:
            raise UserError(f"{endpoint.url}: no address of an endpoint ({error}); write https://HOST/v1") from None
        limits = endpoint.request_budget, endpoint.token_budget, endpoint.requests_per_minute
        self._budget = RequestBudget(*limits, record)
        self.identity = endpoint.identity

    def ask(self, texts: Sequence[str]) -> Iterator[tuple[int, TeacherReply]]:
        """Yield the reply to each text as it comes; see `Teacher`.

        Requests under way when the server turns out to be away, or the budget spent, are paid for: they are not
        repeated, and those that are answered are still yielded.
        """
        stopped, errors = Event(), list[UserError]()
        with ThreadPoolExecutor(self._endpoint.concurrency) as pool:
            waiting = {pool.submit(self._reply, text, stopped): index for index, text in enumerate(texts)}
            spent = False
            try:
                for done in as_completed(waiting):
                    try:
                        reply = done.result()
                    except CancelledError:
                        continue
                    except BudgetSpent:
                        spent = True
                    except UserError as error:
                        errors.append(error)
                    else:
                        yield waiting[done], reply
                        continue
                    _stop(stopped, waiting)
            finally:
                _stop(stopped, waiting)
        if errors:
            raise errors[0]
        if spent:
            raise BudgetSpent("{:,} requests and {:,} tokens".format(*self._budget.spent))

    def close(self) -> None:
        """Close the connections."""
        self._client.close()
        self._budget.close()

    def _reply(self, text: str, stopped: Event) -> TeacherReply:
        pause = FIRST_PAUSE
        for left in reversed(range(TRIES)):
            self._budget.take(stopped)
            try:
                response = self._client.post(self._address, json=self._request(text))
            except httpx.TransportError as error:
                if not left:
                    reason = str(error) or type(error).__name__
                    raise Unreachable(
                        f"{self._endpoint.url}: does not answer ({reason}); start the server, or correct the address. "
                        "What was answered is kept: the same command goes on"
                    ) from None
                wait = pause
            else:
                if response.status_code == httpx.codes.OK:
                    return self._read(response)
                if not left and response.status_code in AWAY:
                    raise Unreachable(
                        f"{self._endpoint.url}: does not answer ({response.status_code}, {TRIES} times); run it again "
                        "when it does. What was answered is kept"
                    )
                if not is_transient(response.status_code) or not left:
                    return self._refused(response)
                wait = _seconds_asked_for(response) or pause
            if stopped.wait(min(wait, LONGEST_PAUSE)):
                raise CancelledError
            pause = min(2 * pause, LONGEST_PAUSE)
        raise AssertionError("the last try returns or raises")

    def _request(self, text: str) -> dict[str, Any]:
        asked = self._endpoint
        message = {"role": "user", "content": asked.prompt.replace("{source}", text)}
        request: dict[str, Any] = {"model": asked.model, "messages": [message], "temperature": asked.temperature}
        if asked.answers > 1:
            request["n"] = asked.answers
        if asked.max_tokens:
            request["max_tokens"] = asked.max_tokens
        return request

    def _read(self, response: httpx.Response) -> TeacherReply:
        try:
            said = response.json()
            answers = tuple(str(choice["message"]["content"] or "").strip() for choice in said["choices"])
            cut = any(choice.get("finish_reason") == "length" for choice in said["choices"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UserError(
                f"{self._endpoint.url}: the answer is none of chat completions; give the address that ends before "
                "/chat/completions, such as http://127.0.0.1:8000/v1"
            ) from None
        usage = said.get("usage")
        counted = usage.get("total_tokens") if isinstance(usage, dict) else 0
        tokens = counted if isinstance(counted, int) else 0
        self._budget.add(tokens)
        if len(answers) != self._endpoint.answers:
            failure = f"{len(answers)} answers where {self._endpoint.answers} were asked for"
        elif not all(answers):
            failure = "an empty answer"
        else:
            failure = "the answer was cut off at its limit of tokens" if cut else ""
        return TeacherReply((), tokens, failure) if failure else TeacherReply(answers, tokens)

    def _refused(self, response: httpx.Response) -> TeacherReply:
        """Return the failure of one text, or end the run where every text would fail."""
        said = " ".join(redact(response.text, self._secrets).split())[:SHOWN]
        status, asked = response.status_code, self._endpoint
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            key = f"the key {asked.key} is refused: correct what it stands for"
            key = key if asked.key else "it wants a key: give one as ${NAME}, in --key or teaching.key"
            raise UserError(f"{asked.url}: {key} ({status}: {said})")
        if status == httpx.codes.NOT_FOUND:
            raise UserError(
                f"{asked.url}: has no model {asked.model}, or is not the address ({status}: {said}); correct --model, "
                "teaching.model or the address"
            )
        if response.is_redirect:
            raise UserError(
                f"{asked.url}: sends on to {response.headers.get('location', 'elsewhere')}; give that address"
            )
        return TeacherReply((), failure=f"refused ({status})", detail=said)


def _stop(stopped: Event, waiting: Iterable[Future[TeacherReply]]) -> None:
    """Have no request made any more; those under way end."""
    stopped.set()
    for each in waiting:
        each.cancel()


def _seconds_asked_for(response: httpx.Response) -> float:
    """Return what the server says in Retry-After, in seconds; 0 where it says nothing, or a date."""
    try:
        return max(0.0, float(response.headers.get("retry-after", "")))
    except ValueError:
        return 0.0
