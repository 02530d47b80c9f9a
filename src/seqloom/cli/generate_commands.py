"""Commands that run a model: generate, batch."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.stdio import AsJson, console_for, in_chunks, print_json, read_lines
from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.decoding.generator import Answers, Generator
    from seqloom.recipe.schema import DecodingSection

LINES_AT_ONCE = 1024  # decoded together: long enough to sort by length, short enough to see output coming
SEED, POINTS = 1, 5  # of --from-noise and --between, where nobody says otherwise
CUT_OFF = (
    "truncated: they reached the limit of their length before they ended; if that is decoding.max_length, raise it "
    "with -o max_length=N"
)
PUT_TOGETHER = (
    "put together from parts: the model did not carry each protected span over once, so what stands between them was "
    "answered by itself"
)

commands = typer.Typer()

ModelName = Annotated[
    str, typer.Argument(help="models:/NAME@ALIAS, models:/NAME/VERSION, or a folder: a checkpoint or an export.")
]
Backend = Annotated[
    str,
    typer.Option(
        "--backend",
        help="One that seqloom export or registry.backend added to the version, or auto: the fastest of them here.",
    ),
]

DecodingOverrides = Annotated[
    list[str] | None,
    typer.Option(
        "--override",
        "-o",
        metavar="FIELD=VALUE",
        help="Change a field of the recipe's decoding, such as method=sample or seed=2. Repeatable.",
    ),
]


GlossaryFile = Annotated[
    Path | None,
    typer.Option(
        "--glossary",
        help="A UTF-8 file of terms that answers use: the source term, a tab, the target term (| between its forms).",
    ),
]


@commands.command()
def generate(
    model: ModelName,
    texts: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TEXT ...]", help="Texts; one may have several lines. Else --file, else stdin."),
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A UTF-8 file, one text per line.")] = None,
    backend: Backend = "torch",
    from_noise: Annotated[
        int | None,
        typer.Option(
            "--from-noise", min=1, max=100_000, help="Write so many random vectors as texts (without attention)."
        ),
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", min=0, help=f"Seed of --from-noise, else {SEED}.")] = None,
    between: Annotated[
        tuple[str, str] | None, typer.Option("--between", help="Write points on the line between two texts (likewise).")
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", min=2, max=100_000, help=f"Points of --between, with its ends, else {POINTS}."),
    ] = None,
    override: DecodingOverrides = None,
    glossary: GlossaryFile = None,
    as_json: AsJson = False,
) -> None:
    """Write a line for each text or line of a file, in order: a text, or a label, a tab and all probabilities."""
    if sum(map(bool, (texts, file, from_noise, between))) > 1:
        raise UserError("texts, --file, --from-noise and --between exclude each other; give one of them")
    _require_option("--seed", seed, "--from-noise", from_noise)
    _require_option("--steps", steps, "--between", between)
    from seqloom.decoding.generator import concatenate
    from seqloom.decoding.generator_loader import load_generator
    from seqloom.registry.checkpoint_folder import find_checkpoint

    checkpoint = find_checkpoint(model, home_folder(), backend)
    generator = load_generator(checkpoint)
    generator.decoding = decoding_of(generator, override, glossary)
    if from_noise or between:
        _require_vectors(generator, model)
        invented = _between(generator, between, steps) if between else _noise(generator, checkpoint, from_noise, seed)
        _print_invented(model, invented, as_json)
        return
    answered = _answered(generator, texts, file)
    if as_json:
        columns = concatenate(map(generator.columns, answered))
        print_json({"model": model, "outputs": columns.pop("prediction", []), **columns})
        return
    shown = generator.whole if texts and len(texts) == 1 and generator.keeps_whitespace else generator.line
    for answers in answered:
        sys.stdout.writelines(f"{shown(found)}\n" for found in answers)
        sys.stdout.flush()


@commands.command()
def batch(
    model: ModelName,
    file: Annotated[
        Path, typer.Argument(help="Lines of text, TSV, CSV, JSONL (each also gzipped) or Parquet, by its name.")
    ],
    to: Annotated[Path, typer.Option("--to", help="Folder for the output; a next run goes on with what is there.")],
    column: Annotated[str, typer.Option("--column", help="Column or JSON key of the text.")] = "source",
    shard_rows: Annotated[int, typer.Option("--shard-rows", min=1, help="Rows in a shard.")] = 10_000,
    max_characters: Annotated[int, typer.Option("--max-characters", min=1, help="A longer text is a failure.")] = 5_000,
    backend: Backend = "torch",
    override: DecodingOverrides = None,
    glossary: GlossaryFile = None,
    as_json: AsJson = False,
) -> None:
    """Write a file's columns and a prediction for each row to Parquet, in shards; what fails is listed."""
    console = console_for(as_json)
    from seqloom.batch_inference.input_table import open_input
    from seqloom.batch_inference.sharded_generation import BatchInference, run_batch_inference
    from seqloom.cli.progress_bars import TerminalAudience
    from seqloom.cli.terminal import show_report
    from seqloom.decoding.generator_loader import load_generator
    from seqloom.recipe.recipe_json import read_recipe
    from seqloom.registry.checkpoint_folder import describe_version, find_checkpoint
    from seqloom.training.device import choose_device

    checkpoint = find_checkpoint(model, home_folder(), backend)
    generator = load_generator(checkpoint)
    generator.decoding = decoding_of(generator, override, glossary)
    changed = changed_options(generator.decoding, read_recipe(checkpoint).decoding)
    named, rows = describe_version(model, backend), open_input(file, "auto", column)
    bulk = BatchInference(named, checkpoint, rows, shard_rows, max_characters, changed)
    generator.backend.move(choose_device("auto"))
    watcher = TerminalAudience(console)
    with watcher.live():
        report = run_batch_inference(bulk, generator, to, watcher.progress("generate"))
    show_report(console, report)
    if as_json:
        print_json(asdict(report))


def decoding_of(generator: "Generator", override: list[str] | None, glossary: Path | None = None) -> "DecodingSection":
    """Return the decoding settings of the recipe, with overrides and the terms of a glossary file.

    Raises:
        UserError: an override or a line of the file is wrong, or there is no such file.
    """
    if not override and not glossary:
        return generator.decoding
    from seqloom.recipe.recipe_loader import change_section, check_section
    from seqloom.recipe.schema import DecodingSection

    section = change_section(DecodingSection(**vars(generator.decoding)), override or [], "decoding")
    if not glossary:
        return section
    return check_section(DecodingSection, {**vars(section), "glossary": _read_text(glossary)}, f"--glossary {glossary}")


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}); correct --glossary") from None
    except UnicodeDecodeError:
        raise UserError(f"{file}: is not UTF-8: save it as UTF-8") from None


def changed_options(decoding: "DecodingSection", own: "DecodingSection") -> dict[str, Any]:
    """Return the decoding options that differ from those of the recipe."""
    return {name: value for name, value in vars(decoding).items() if value != getattr(own, name)}


def _require_option(option: str, value: int | None, other: str, others: object) -> None:
    if value is not None and not others:
        raise UserError(f"{option} {value} means nothing without {other}: add {other}, or leave {option} out")


def _require_vectors(generator: "Generator", model: str) -> None:
    if not generator.backend.writes_from_summary:
        raise UserError(
            f"{model}: its decoder does not write from a fixed-length vector alone, which --from-noise and --between "
            "need; give a model that was trained with model.attention none, see docs/reconstruction.md"
        )


def _noise(generator: "Generator", checkpoint: Path, count: int | None, seed: int | None) -> dict[str, Any]:
    """Return texts decoded from random latent vectors."""
    assert count, "the other way to invent was asked for"
    seed = SEED if seed is None else seed
    from seqloom.decoding.latent_generation import decode_vectors
    from seqloom.models.latent_space import VectorSpace

    answers = decode_vectors(generator, VectorSpace.load(checkpoint).draw(count, seed))
    return {"outputs": [answer.text for answer in answers], "seed": seed}


def _between(generator: "Generator", ends: tuple[str, str], points: int | None) -> dict[str, Any]:
    """Return texts decoded from points between two latent vectors."""
    points = points or POINTS
    from seqloom.decoding.latent_generation import decode_vectors, interpolate, interpolation_weights

    answers = decode_vectors(generator, interpolate(generator, ends, points))
    shares = [round(share, 6) for share in interpolation_weights(points).tolist()]
    return {"outputs": [answer.text for answer in answers], "between": list(ends), "shares": shares}


def _print_invented(model: str, invented: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json({"model": model, **invented})
    else:
        sys.stdout.writelines(f"{text}\n" for text in invented["outputs"])


def _answered(generator: "Generator", texts: list[str] | None, file: Path | None) -> Iterator["Answers"]:
    """Yield the answers in order, a chunk at a time; an error names a text by its number in the whole input."""
    from seqloom.decoding.generator import Unanswerable

    unit = "text" if texts else f"{file or 'stdin'} line"
    asked = truncated = split = unused = 0
    for number, chunk in enumerate(in_chunks(_lines(texts, file, generator), LINES_AT_ONCE)):
        try:
            first = number * LINES_AT_ONCE
            answers = generator.answer(chunk, generator.decoding, range(first, first + len(chunk)))
        except Unanswerable as error:
            raise UserError(error.sentence(f"{unit} {number * LINES_AT_ONCE + error.row + 1}")) from None
        asked += len(answers)
        truncated += sum(found[0].truncated for found in answers)
        split += sum(found[0].carried_over == "split" for found in answers)
        unused += sum((found[0].terms_honored or 0) < 1 for found in answers if found[0].terms_honored is not None)
        yield answers
    if truncated:
        print(f"seqloom: {truncated:,} of {asked:,} answers are {CUT_OFF}", file=sys.stderr)
    if split:
        print(f"seqloom: {split:,} of {asked:,} answers are {PUT_TOGETHER}", file=sys.stderr)
    if unused:
        print(f"seqloom: {unused:,} of {asked:,} answers lack a term of the glossary", file=sys.stderr)


def _lines(texts: list[str] | None, file: Path | None, generator: "Generator") -> Iterator[str]:
    needs_text = generator.needs_text
    if texts:
        yield from texts
    elif file:
        try:
            with file.open("rb") as stream:
                yield from read_lines(stream, str(file))
        except OSError as error:
            raise UserError(f"{file}: cannot be read ({error.strerror}); correct --file") from None
    elif sys.stdin.isatty() and not needs_text:
        yield ""
    else:
        if sys.stdin.isatty():
            raise UserError("no text is given: write it behind the model, name a --file, or pipe it in")
        yield from read_lines(sys.stdin.buffer, "stdin")
