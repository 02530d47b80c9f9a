"""The budget of a run holds over all of its attempts, whatever the server does meanwhile."""

import socket
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from typing import Any, cast
from unittest.mock import Mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqloom.artifact.manifest import Manifest
from seqloom.batch_inference.input_table import open_input
from seqloom.corpus.sources import locate
from seqloom.corpus.stage import build_corpus
from seqloom.distillation import endpoint_teacher, request_budget
from seqloom.distillation.answer_filter import AnswerFilter
from seqloom.distillation.distilled_corpus import distill
from seqloom.distillation.endpoint_teacher import Endpoint, EndpointTeacher
from seqloom.distillation.request_budget import RequestBudget, RunRecord
from seqloom.errors import Unreachable, UserError
from seqloom.progress import unwatched
from seqloom.recipe.recipe_loader import check_recipe
from tasks import preparation
from tasks.preparation import ask_teacher
from tasks.stage_runner import retry_can_help
from tests.distillation.chat_server import Said, Seen, chat_server

TEXTS = [f"text {letter}" for letter in "abcdefgh"]
ATTEMPTS = 4  # of a task


@contextmanager
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(endpoint_teacher, "FIRST_PAUSE", 0.0001)
        yield


@contextmanager
def server_of(statuses: list[int], port: int = 0) -> Iterator[Seen]:
    """A server that says these to its requests, in order, and answers those after them."""
    left = iter(statuses)

    def answer(text: str, _: int) -> Said:
        return Said((text.upper(),), status=next(left, 200))

    with quick(), chat_server(answer, port) as seen:
        yield seen


def attempt(endpoint: Endpoint, folder: Path, run: str) -> bool:
    """Ask once; True where that is all, False where another attempt may help."""
    with closing(EndpointTeacher(endpoint, RunRecord(folder / "spent.db", run))) as teacher:
        try:
            distill(
                teacher,
                open_input(folder / "texts.txt", "auto", "source"),
                folder / "to",
                AnswerFilter(),
                99,
                unwatched,
            )
        except Unreachable:
            return False
        except UserError:  # nothing was answered, and the budget is spent
            return True
    return True


@given(
    statuses=st.lists(st.sampled_from([200, 200, 200, 0, 429, 500, 502, 503, 504]), max_size=40),
    requests=st.integers(1, 30),
    tokens=st.sampled_from([0, 30]),
    concurrency=st.integers(1, 4),
)
@settings(max_examples=12)
def test_no_outage_makes_a_run_spend_more(statuses: list[int], requests: int, tokens: int, concurrency: int) -> None:
    with TemporaryDirectory() as name, server_of(statuses) as seen:
        folder = Path(name)
        (folder / "texts.txt").write_text("\n".join(TEXTS))
        limits = {"request_budget": requests, "token_budget": tokens, "concurrency": concurrency}
        endpoint = Endpoint(seen.url, "big", "{source}", **cast("dict[str, Any]", limits))
        for _ in range(ATTEMPTS):
            if attempt(endpoint, folder, "run"):
                break
        assert len(seen.requests) <= requests
        answered = [status for status in statuses[: len(seen.requests)] if status == 200]
        answered += [200] * (len(seen.requests) - len(statuses))
        assert not tokens or 10 * len(answered) <= tokens + 10 * concurrency
        assert len(answered) <= len(TEXTS), "what was answered before an outage is not asked again"
        other = Endpoint(seen.url, "big", "{source}")
        while not attempt(other, folder, "the next"):
            pass
        again = len(seen.requests)
        assert attempt(other, folder, "the next")
        assert len(seen.requests) == again


def test_answers_under_way_when_the_server_goes_away_are_taken() -> None:
    def answer(text: str, _: int) -> Said:
        return Said((text.upper(),), status=503 if text == "bad" else 200)

    texts, got = ["one", "bad", "two", *TEXTS], set[str]()

    def ask(teacher: EndpointTeacher) -> None:
        for index, _ in teacher.ask(texts):
            got.add(texts[index])

    with quick(), chat_server(answer) as seen:
        teacher = EndpointTeacher(Endpoint(seen.url, "big", "{source}", concurrency=3))
        with closing(teacher), pytest.raises(Unreachable, match="503, 5 times"):
            ask(teacher)
        assert got == set(seen.texts()) - {"bad"}


def test_a_damaged_record_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "spent.db").write_text("not a database, but long enough to be looked at" * 10)
    with pytest.raises(UserError, match=r"spent\.db: is no record of requests .*; remove it"):
        RequestBudget(1, 0, 0, RunRecord(tmp_path / "spent.db", "run"))


def test_a_record_that_is_held_is_not_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_budget, "SECONDS_FOR_OTHERS", 0.01)
    record = RunRecord(tmp_path / "spent.db", "run")
    budget, stopped = RequestBudget(9, 0, 0, record), Event()
    with closing(budget), closing(sqlite3.connect(record.file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        asks: list[Callable[[], object]] = [lambda: budget.take(stopped), lambda: budget.add(1), lambda: budget.spent]
        for ask in [*asks, lambda: RequestBudget(9, 0, 0, record)]:
            with pytest.raises(UserError, match=r"spent\.db cannot be written now .*locked.*: see who"):
                ask()
        other.execute("ROLLBACK")
        budget.take(stopped)
        assert budget.spent == (1, 0)


def test_a_record_in_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"spent\.db cannot be written now"):
        RequestBudget(1, 0, 0, RunRecord(tmp_path / "none" / "spent.db", "run"))


def taught(home: Path, url: str, budget: int) -> Any:
    corpus = {"train": ["rows.tsv"], "teacher": url, "monolingual_source": ["texts.txt"]}
    asked = {"model": "large", "prompt_file": "prompt.txt", "request_budget": budget, "concurrency": 2}
    recipe = check_recipe({"name": "taught", "task": "transduction", "corpus": corpus, "teaching": asked}, "r")
    folder = home / "corpus"
    if not folder.exists():
        folder.mkdir(parents=True)
        build_corpus(recipe.corpus, locate(recipe.corpus, home), folder, unwatched)
    facts = {"whitespace": "fold", "rows": {"train": 1, "validation": 1, "test": 1}}
    return cast(Any, ask_teacher).fn(recipe, Manifest("corpus", "key", "digest", str(folder), 1.0, facts))


@pytest.mark.parametrize(("budget", "kept"), [(40, 8), (12, 0)])
def test_the_task_goes_on_when_the_server_is_back_and_within_one_budget(
    budget: int, kept: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As Prefect tries a task again: by its condition, in the same flow run."""
    monkeypatch.setenv("SEQLOOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__ID", "one")
    monkeypatch.chdir(tmp_path)
    Path("rows.tsv").write_text("source\ttarget\n" + "".join(f"source {n}\ttarget {n}\n" for n in range(60)))
    Path("texts.txt").write_text("\n".join(TEXTS))
    Path("prompt.txt").write_text("{source}")

    def stage(_stage: Any, _recipe: Any, _inputs: Any, write: Any, _force: bool) -> Any:
        with TemporaryDirectory(dir=tmp_path) as folder:
            return write(Path(folder), unwatched)

    monkeypatch.setattr(preparation, "run_stage", stage)
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/v1"
    monkeypatch.setattr(endpoint_teacher, "FIRST_PAUSE", 0.0001)
    made, requests, said = None, 0, ""
    for statuses in (None, [200, 200, *[503] * 20], []):  # away, there for a while, back
        try:
            if statuses is None:
                made = taught(tmp_path, url, budget)
            else:
                with server_of(statuses, port) as seen:
                    try:
                        made = taught(tmp_path, url, budget)
                    finally:
                        requests += len(seen.requests)
        except UserError as error:
            said = str(error)
            if not retry_can_help(cast(Any, None), cast(Any, None), cast(Any, Mock(result=Mock(side_effect=error)))):
                break
    assert requests <= budget
    assert (made["taught"]["kept"] if made else 0) == kept, said
    assert made or "the budget of this run is spent, after 12 requests" in said
