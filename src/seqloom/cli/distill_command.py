"""The command `distill`: a teacher answers texts, to be learned from."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.stdio import AsJson, console_for, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from seqloom.distillation.distilled_corpus import DistillationReport

commands = typer.Typer()


class Privacy(StrEnum):
    """Treatment of personal data: it stays as it is, or becomes placeholders."""

    KEEP = "keep"
    REPLACE = "replace"


Teacher = Annotated[
    str,
    typer.Argument(help="models:/NAME@ALIAS, a folder, or an endpoint such as https://HOST/v1 (OpenAI's protocol)."),
]
Texts = Annotated[Path, typer.Argument(help="Texts: lines, TSV, CSV, JSONL or Parquet, by its name.")]
To = Annotated[Path, typer.Option("--to", help="Folder for the pairs; a next run goes on with what is there.")]
Column = Annotated[str, typer.Option("--column", help="Column or JSON key of the text.")]
MaxCharacters = Annotated[int, typer.Option("--max-characters", help="A longer text is not asked.")]
Model = Annotated[str, typer.Option("--model", help="Endpoint: name of its model.")]
Prompt = Annotated[str, typer.Option("--prompt", help="Endpoint: a text file with {source} in it.")]
Key = Annotated[str, typer.Option("--key", help="Endpoint: its key as ${NAME}, a variable.")]
Answers = Annotated[int, typer.Option("--answers", help="Endpoint: answers to each text.")]
Temperature = Annotated[float, typer.Option("--temperature", help="Endpoint: above 0 for several answers.")]
MaxTokens = Annotated[int, typer.Option("--max-tokens", help="Endpoint: tokens of an answer; 0: its own.")]
Concurrency = Annotated[int, typer.Option("--concurrency", help="Endpoint: requests at a time.")]
RequestsPerMinute = Annotated[int, typer.Option("--requests-per-minute", help="Endpoint: at most; 0: no limit.")]
RequestBudget = Annotated[int, typer.Option("--request-budget", help="Endpoint: requests of this run.")]
TokenBudget = Annotated[int, typer.Option("--token-budget", help="Endpoint: tokens of this run.")]
Agreement = Annotated[float, typer.Option("--agreement", help="Least similarity of an answer to the others, 0 to 1.")]
LengthRatio = Annotated[
    float, typer.Option("--length-ratio", help="How many times as long or short as its text; 0: no limit.")
]
Copies = Annotated[bool, typer.Option("--copies/--no-copies", help="Keep answers that repeat their text.")]
RoundTrip = Annotated[
    str, typer.Option("--round-trip", help="Model of the other direction, which translates answers back.")
]
RoundTripChrf = Annotated[
    float, typer.Option("--round-trip-chrf", help="Least chrF of a text that came back, 0 to 100.")
]
OfPersons = Annotated[
    Privacy, typer.Option("--privacy", help="Personal data: keep, or replace by placeholders before it is asked.")
]


@commands.command()
def distill(
    teacher: Teacher,
    file: Texts,
    to: To,
    column: Column = "source",
    max_characters: MaxCharacters = 2_000,
    model: Model = "",
    prompt: Prompt = "",
    key: Key = "",
    answers: Answers = 1,
    temperature: Temperature = 0.0,
    max_tokens: MaxTokens = 0,
    concurrency: Concurrency = 4,
    requests_per_minute: RequestsPerMinute = 0,
    request_budget: RequestBudget = 0,
    token_budget: TokenBudget = 0,
    agreement: Agreement = 0.0,
    length_ratio: LengthRatio = 0.0,
    copies: Copies = True,
    round_trip: RoundTrip = "",
    round_trip_chrf: RoundTripChrf = 0.0,
    privacy: OfPersons = Privacy.KEEP,
    as_json: AsJson = False,
) -> None:
    """Have a teacher answer a file of texts, and keep the pairs to learn from; nothing is asked twice."""
    console = console_for(as_json)
    limits = requests_per_minute, request_budget, token_budget
    endpoint = model, prompt, key, answers, temperature, max_tokens, concurrency, *limits
    kept = agreement, length_ratio, copies, round_trip, round_trip_chrf, privacy.value
    report = _run(console, (teacher, str(file), str(to), column, "auto", max_characters, *endpoint, *kept))
    from seqloom.cli.terminal import show_distillation

    show_distillation(console, report)
    if as_json:
        print_json(asdict(report))


def _run(console: "Console", parameters: tuple[Any, ...]) -> "DistillationReport":
    """Run the flow with its parameters in order, and show how far it is."""
    from seqloom.stack.embedded_prefect import use_embedded_prefect

    server = use_embedded_prefect(home_folder())
    from flows.distill import distill as distill_flow
    from seqloom.cli.progress_bars import TerminalAudience
    from tasks.progress_artifacts import audience

    watcher = TerminalAudience(console)
    audience.set(watcher)
    if server:
        server.wait()
    with watcher.live():
        return cast("DistillationReport", distill_flow(*parameters))
