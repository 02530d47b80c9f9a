"""The commands that ask a model: generate, batch."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands.printing import AsJson, console_for, print_json
from flows.input_lines import in_chunks, read_lines
from seqloom.artifact.home import home_folder
from seqloom.mistake import UserMistake

if TYPE_CHECKING:
    from seqloom.decoding.generator import Generator
    from seqloom.recipe.schema import Decoding

LINES_AT_ONCE = 1024  # decoded together: long enough to sort by length, short enough to see output coming

commands = typer.Typer()

ModelName = Annotated[
    str, typer.Argument(help="models:/NAME@ALIAS, models:/NAME/VERSION, or a folder: a checkpoint or an export.")
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


@commands.command()
def generate(
    model: ModelName,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT ...]", help="Texts; else --file, else stdin.")
    ] = None,
    file: Annotated[Path | None, typer.Option("--file", help="A UTF-8 file, one text per line.")] = None,
    form: Annotated[str, typer.Option("--form", help="One that seqloom export added to the version.")] = "torch",
    from_noise: Annotated[
        int | None,
        typer.Option(
            "--from-noise", min=1, max=100_000, help="Write so many random vectors as texts (without attention)."
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of --from-noise.")] = 1,
    between: Annotated[
        tuple[str, str] | None, typer.Option("--between", help="Write points on the line between two texts (likewise).")
    ] = None,
    steps: Annotated[int, typer.Option("--steps", min=2, max=100_000, help="Points of --between, with its ends.")] = 5,
    override: DecodingOverrides = None,
    as_json: AsJson = False,
) -> None:
    """Write one line for each line of input, in order: a text, or a label, a tab and the probabilities of labels."""
    if sum(map(bool, (texts, file, from_noise, between))) > 1:
        raise UserMistake("texts, --file, --from-noise and --between exclude each other; give one of them")
    from seqloom.decoding.exported import load_generator
    from seqloom.registry.lookup import find_checkpoint

    checkpoint = find_checkpoint(model, home_folder(), form)
    generator = load_generator(checkpoint)
    generator.decoding = decoding_of(generator, override)
    if from_noise or between:
        _require_vectors(generator, model)
        invented = _between(generator, between, steps) if between else _noise(generator, checkpoint, from_noise, seed)
        _print_invented(model, invented, as_json)
        return
    columns: dict[str, list[Any]] = {"prediction": []}
    for number, chunk in enumerate(in_chunks(_lines(texts, file), LINES_AT_ONCE)):
        answers = generator.answer(chunk, generator.decoding, number * LINES_AT_ONCE)
        if as_json:
            for column, values in generator.columns(answers).items():
                columns.setdefault(column, []).extend(values)
        else:
            sys.stdout.writelines(f"{generator.line(found)}\n" for found in answers)
            sys.stdout.flush()
    if as_json:
        print_json({"model": model, "outputs": columns.pop("prediction"), **columns})


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
    as_json: AsJson = False,
) -> None:
    """Write a file's columns and a prediction for each row to Parquet, in shards; what fails is listed."""
    console = console_for(as_json)
    from flows.terminal import TerminalAudience, show_report
    from seqloom.bulk.generating import Bulk, generate_in_bulk
    from seqloom.bulk.reading import open_input
    from seqloom.decoding.exported import load_generator
    from seqloom.registry.lookup import find_checkpoint
    from seqloom.training.device import choose_device

    checkpoint = find_checkpoint(model, home_folder())
    bulk = Bulk(model, checkpoint, open_input(file, "auto", column), shard_rows, max_characters)
    generator = load_generator(checkpoint)
    generator.move(choose_device("auto"))
    watcher = TerminalAudience(console)
    with watcher.live():
        report = generate_in_bulk(bulk, generator, to, watcher.progress("generate"))
    show_report(console, report)
    if as_json:
        print_json(asdict(report))


def decoding_of(generator: "Generator", override: list[str] | None) -> "Decoding":
    """The recipe's, changed."""
    if not override:
        return generator.decoding
    from seqloom.recipe.loading import change_section
    from seqloom.recipe.schema import Decoding

    return change_section(Decoding(**vars(generator.decoding)), override, "decoding")


def _require_vectors(generator: "Generator", model: str) -> None:
    if not generator.writes_vectors:
        raise UserMistake(
            f"{model}: its decoder does not write from a fixed-length vector alone, which --from-noise and --between "
            "need; give a model that was trained with model.attention none, see docs/reconstruction.md"
        )


def _noise(generator: "Generator", checkpoint: Path, count: int | None, seed: int) -> dict[str, Any]:
    """Texts of random vectors."""
    assert count, "the other way to invent was asked for"
    from seqloom.decoding.inventing import write_vectors
    from seqloom.models.vector_space import VectorSpace

    answers = write_vectors(generator, VectorSpace.load(checkpoint).draw(count, seed))
    return {"outputs": [answer.text for answer in answers], "seed": seed}


def _between(generator: "Generator", ends: tuple[str, str], points: int) -> dict[str, Any]:
    """Texts of points between two."""
    from seqloom.decoding.inventing import shares_between, vectors_between, write_vectors

    answers = write_vectors(generator, vectors_between(generator, ends, points))
    shares = [round(share, 6) for share in shares_between(points).tolist()]
    return {"outputs": [answer.text for answer in answers], "between": list(ends), "shares": shares}


def _print_invented(model: str, invented: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json({"model": model, **invented})
    else:
        sys.stdout.writelines(f"{text}\n" for text in invented["outputs"])


def _lines(texts: list[str] | None, file: Path | None) -> Iterator[str]:
    if texts:
        for text in texts:
            yield from text.splitlines() or [""]
    elif file:
        try:
            with file.open("rb") as stream:
                yield from read_lines(stream, str(file))
        except OSError as error:
            raise UserMistake(f"{file}: cannot be read ({error.strerror}); correct --file") from None
    else:
        if sys.stdin.isatty():
            raise UserMistake("no text is given: write it behind the model, name a --file, or pipe it in")
        yield from read_lines(sys.stdin.buffer, "stdin")
