"""The command `distill`: a teacher answers texts, to be learned from."""

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.stdio import AsJson, console_for, print_json

if TYPE_CHECKING:
    from seqloom.distillation.distilled_corpus import DistillationReport

commands = typer.Typer()


class Privacy(StrEnum):
    """What becomes of personal data."""

    KEEP = "keep"
    REPLACE = "replace"


@commands.command()
def distill(
    teacher: Annotated[
        str,
        typer.Argument(
            help="models:/NAME@ALIAS, a folder, or an endpoint such as https://HOST/v1 (OpenAI's protocol)."
        ),
    ],
    file: Annotated[Path, typer.Argument(help="Texts: lines, TSV, CSV, JSONL or Parquet, by its name.")],
    to: Annotated[Path, typer.Option("--to", help="Folder for the pairs; a next run goes on with what is there.")],
    column: Annotated[str, typer.Option("--column", help="Column or JSON key of the text.")] = "source",
    max_characters: Annotated[int, typer.Option("--max-characters", help="A longer text is not asked.")] = 2_000,
    model: Annotated[str, typer.Option("--model", help="Endpoint: name of its model.")] = "",
    prompt: Annotated[str, typer.Option("--prompt", help="Endpoint: a text file with {source} in it.")] = "",
    key: Annotated[str, typer.Option("--key", help="Endpoint: its key as ${NAME}, a variable.")] = "",
    answers: Annotated[int, typer.Option("--answers", help="Endpoint: answers to each text.")] = 1,
    temperature: Annotated[float, typer.Option("--temperature", help="Endpoint: above 0 for several answers.")] = 0.0,
    max_tokens: Annotated[int, typer.Option("--max-tokens", help="Endpoint: tokens of an answer; 0: its own.")] = 0,
    concurrency: Annotated[int, typer.Option("--concurrency", help="Endpoint: requests at a time.")] = 4,
    requests_per_minute: Annotated[
        int, typer.Option("--requests-per-minute", help="Endpoint: at most; 0: no limit.")
    ] = 0,
    request_budget: Annotated[int, typer.Option("--request-budget", help="Endpoint: requests of this run.")] = 0,
    token_budget: Annotated[int, typer.Option("--token-budget", help="Endpoint: tokens of this run.")] = 0,
    agreement: Annotated[
        float, typer.Option("--agreement", help="Least similarity of an answer to the others, 0 to 1.")
    ] = 0.0,
    length_ratio: Annotated[
        float, typer.Option("--length-ratio", help="How many times as long or short as its text; 0: no limit.")
    ] = 0.0,
    copies: Annotated[bool, typer.Option("--copies/--no-copies", help="Keep answers that repeat their text.")] = True,
    round_trip: Annotated[
        str, typer.Option("--round-trip", help="Model of the other direction, which translates answers back.")
    ] = "",
    round_trip_chrf: Annotated[
        float, typer.Option("--round-trip-chrf", help="Least chrF of a text that came back, 0 to 100.")
    ] = 0.0,
    privacy: Annotated[
        Privacy, typer.Option("--privacy", help="Personal data: keep, or replace by placeholders before it is asked.")
    ] = Privacy.KEEP,
    as_json: AsJson = False,
) -> None:
    """Have a teacher answer a file of texts, and keep the pairs to learn from; nothing is asked twice."""
    home = home_folder()
    console = console_for(as_json)
    from seqloom.stack.embedded_prefect import use_embedded_prefect

    server = use_embedded_prefect(home)
    from flows.distill import distill as distill_flow
    from seqloom.cli.progress_bars import TerminalAudience
    from seqloom.cli.terminal import show_distillation
    from tasks.progress_artifacts import audience

    watcher = TerminalAudience(console)
    audience.set(watcher)
    if server:
        server.wait()
    with watcher.live():
        state = distill_flow(
            teacher=teacher,
            file=str(file),
            to=str(to),
            column=column,
            max_characters=max_characters,
            model=model,
            prompt=prompt,
            key=key,
            answers=answers,
            temperature=temperature,
            max_tokens=max_tokens,
            concurrency=concurrency,
            requests_per_minute=requests_per_minute,
            request_budget=request_budget,
            token_budget=token_budget,
            agreement=agreement,
            length_ratio=length_ratio,
            copies=copies,
            round_trip=round_trip,
            round_trip_chrf=round_trip_chrf,
            privacy=privacy.value,
        )
    report = cast("DistillationReport", state)
    show_distillation(console, report)
    if as_json:
        print_json(asdict(report))
