"""Prefect task of distillation: a teacher answers a file of texts."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from prefect.artifacts import create_markdown_artifact
from prefect.logging import get_run_logger

from seqloom.artifact.home_folder import home_folder
from seqloom.batch_inference.input_table import open_input
from seqloom.corpus.personal_data import PersonalData
from seqloom.corpus.url_secrets import add_vault
from seqloom.distillation.answer_filter import AnswerFilter
from seqloom.distillation.distilled_corpus import DistillationReport, distill
from seqloom.distillation.endpoint_teacher import Endpoint, EndpointTeacher
from seqloom.distillation.prompt_file import read_prompt
from seqloom.distillation.round_trip import RoundTrip
from seqloom.distillation.teacher import LocalTeacher, Teacher, load_teacher
from seqloom.errors import UserError
from seqloom.recipe.endpoint_rules import OF_COMMAND, endpoint_errors
from seqloom.recipe.pair_source import source_of_pairs
from seqloom.registry.checkpoint_folder import find_checkpoint
from tasks.pages import markdown
from tasks.prefect_client import call_prefect, secret_of_block
from tasks.progress_artifacts import watched
from tasks.stage_runner import stage_task

add_vault(secret_of_block)


@dataclass(frozen=True)
class Texts:
    """The texts of a file."""

    file: str
    column: str
    format: str
    max_characters: int
    privacy: Literal["keep", "replace"] = "keep"  # of personal data in them


@stage_task(name="teacher", task_run_name="teacher · {teacher}")
def answer_texts(
    teacher: str,
    endpoint: Endpoint | None,
    texts: Texts,
    to: str,
    chosen: AnswerFilter,
    back: str = "",
    round_trip_chrf: float = 0.0,
) -> DistillationReport:
    """Ask the teacher, an endpoint or a model of ours, and leave a page in Prefect's UI.

    With `back`, a model of ours of the other direction, answers are left out that do not come back.
    """
    table = open_input(Path(texts.file), texts.format, texts.column)
    personal = PersonalData() if texts.privacy == "replace" else None
    with _opened(teacher, endpoint) as answering, watched("teacher", "teacher-progress") as progress:
        round_trip = (lambda: nullcontext(RoundTrip(_model(back).generator, round_trip_chrf))) if back else None
        report = distill(answering, table, Path(to), chosen, texts.max_characters, progress, personal, round_trip)
    get_run_logger().info("%s", report.headline)
    page = _page(teacher, texts.file, report)
    call_prefect("the page", lambda: create_markdown_artifact(page, key="teacher", description=report.headline))
    return report


def check_round_trip(back: str, least: float) -> None:
    """Raise UserError if one of the model and the limit of a round trip is there without the other."""
    if bool(back) != bool(least):
        raise UserError(
            "a round trip takes a model of the other direction and a limit: give --round-trip models:/NAME@champion "
            "and --round-trip-chrf, such as 40"
        )


def endpoint_of_command(url: str, model: str, prompt_file: str, key: str, **others: Any) -> Endpoint:
    """Return an endpoint as the options of a command give it; `others` are its further fields.

    Raises:
        UserError: it lacks something, or would be unsafe, or the file of its prompt cannot be used.
    """
    for error in endpoint_errors(url, model, prompt_file, key, OF_COMMAND):
        raise UserError(error)
    return Endpoint(url, model, read_prompt(Path(prompt_file), OF_COMMAND.prompt_file), key, **others)


@contextmanager
def _opened(teacher: str, endpoint: Endpoint | None) -> Iterator[Teacher]:
    if endpoint:
        asked = EndpointTeacher(endpoint)
        try:
            yield asked
        finally:
            asked.close()
        return
    yield _model(teacher)


def _model(named: str) -> LocalTeacher:
    return load_teacher(find_checkpoint(named, home_folder()))


def _page(teacher: str, file: str, report: DistillationReport) -> str:
    reasons = [[markdown.text(why), f"{count:,}"] for why, count in report.dropped.items()]
    dropped = markdown.table(["left out because", "rows"], reasons) if reasons else ""
    return (
        f"## {markdown.text(teacher)} over {markdown.text(file)}\n\n{report.headline}\n\n{dropped}\n"
        f"{markdown.lines(report.examples)}\n"
        f"Pairs: `{report.pairs_file}`, to be learned from as a source of a recipe:\n\n"
        f"```yaml\ncorpus:\n  sources:\n    - {source_of_pairs('teacher', report.pairs_file)}\n```\n"
    )
