"""Flow that has a teacher answer texts, so that a small model can learn from its answers."""

from datetime import datetime
from typing import Annotated, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed
from pydantic import Field

from flows.parameters import checked_by_recipe_rules
from seqloom.distillation.answer_filter import AnswerFilter
from seqloom.distillation.distilled_corpus import DistillationReport
from seqloom.recipe.teaching_rules import is_endpoint
from seqloom.url_mask import masked
from tasks.teacher_task import Texts, answer_texts, check_round_trip, endpoint_of_command

Count = Annotated[int, Field(ge=1)]
Limit = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


def _run_name() -> str:
    asked = flow_run.parameters
    return f"{asked['file']} · {masked(asked['teacher'])} · {datetime.now():%Y-%m-%d %H:%M}"


@flow(name="distill", flow_run_name=_run_name, validate_parameters=False)
@checked_by_recipe_rules
def distill(
    teacher: str,
    file: str,
    to: str,
    column: str = "source",
    file_format: Literal["auto", "lines", "tsv", "csv", "jsonl", "parquet"] = "auto",
    max_characters: Count = 2_000,
    model: str = "",
    prompt: str = "",
    key: str = "",
    answers: Annotated[int, Field(ge=1, le=64)] = 1,
    temperature: Annotated[float, Field(ge=0.0, le=2.0)] = 0.0,
    max_tokens: Limit = 0,
    concurrency: Annotated[int, Field(ge=1, le=256)] = 4,
    requests_per_minute: Limit = 0,
    request_budget: Limit = 0,
    token_budget: Limit = 0,
    agreement: Share = 0.0,
    length_ratio: Annotated[float, Field(ge=0.0)] = 0.0,
    copies: bool = True,
    round_trip: str = "",
    round_trip_chrf: Annotated[float, Field(ge=0.0, le=100.0)] = 0.0,
    privacy: Literal["keep", "replace"] = "keep",
) -> State[DistillationReport]:
    """A teacher's answers to every text of a file, as pairs to learn from; nothing is asked twice, and a run goes on.

    Args:
        teacher: models:/NAME@champion, a folder, or the address of an endpoint that speaks OpenAI's protocol, such as
            https://HOST/v1.
        file: The texts: a file on the machine that runs, also gzipped (Parquet excepted).
        to: Folder for the pairs, the list of failures and the answers so far.
        column: Column or JSON key of the text.
        file_format: Format of the file; auto goes by its name, and takes what it does not know for lines of text.
        max_characters: Characters of a text at most; a longer one is not asked.
        model: Of an endpoint: the name of its model.
        prompt: Of an endpoint: a text file on the machine that runs, with {source} where the text goes.
        key: Of an endpoint: its key as ${NAME}, of the environment or of a Secret block of Prefect; empty: none.
        answers: Of an endpoint: answers to each text; of several the one most like the others is kept.
        temperature: Of an endpoint; for several answers above 0.
        max_tokens: Of an endpoint: tokens of an answer at most; 0 is as it has it.
        concurrency: Of an endpoint: requests at a time.
        requests_per_minute: Of an endpoint; 0 is no limit.
        request_budget: Of an endpoint: requests of this run at most; 0 is no limit.
        token_budget: Of an endpoint: tokens of this run at most, read and written; 0 is no limit.
        agreement: Least mean similarity of the answer that is kept to the others, from 0 to 1.
        length_ratio: How many times as long or short as its text an answer may be, in characters; 0 is no limit.
        copies: Keep answers that repeat their text.
        round_trip: Model of the other direction, models:/NAME@champion or a folder, that translates answers back.
        round_trip_chrf: Least chrF, from 0 to 100, of a text that came back against the text.
        privacy: replace: e-mail addresses, telephone and identity numbers, names after a title and the like become
            placeholders such as [EMAIL_1] before the teacher is asked or anything is written.
    """
    check_round_trip(round_trip, round_trip_chrf)
    endpoint = None
    if is_endpoint(teacher):
        endpoint = endpoint_of_command(
            teacher,
            model,
            prompt,
            key,
            answers=answers,
            temperature=temperature,
            max_tokens=max_tokens,
            concurrency=concurrency,
            requests_per_minute=requests_per_minute,
            request_budget=request_budget,
            token_budget=token_budget,
        )
    texts, chosen = (
        Texts(file, column, file_format, max_characters, privacy),
        AnswerFilter(agreement, length_ratio, copies),
    )
    report = answer_texts(teacher, endpoint, texts, to, chosen, round_trip, round_trip_chrf)
    name = "Budget spent" if report.budget_spent else "Completed"
    return Completed(name=name, message=report.headline, data=report)
