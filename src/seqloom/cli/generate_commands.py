"""Commands that run a model: generate, batch."""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from seqloom.artifact.home_folder import home_folder
from seqloom.cli.memory_file import MemoryFile, RulesFile, UseMemory, known_answers
from seqloom.cli.stdio import AsJson, console_for, print_json
from seqloom.cli.torch_import import brief_torch_import
from seqloom.errors import UserError

if TYPE_CHECKING:
    from seqloom.cli.answered_texts import AnsweredTexts
    from seqloom.decoding.generator import Generator
    from seqloom.recipe.schema import DecodingSection

_ENTRY = {"choices": "answer", "glossary": "term"}  # of a file: what stands on a line
SEED, POINTS = 1, 5  # of --from-noise and --between, where nobody says otherwise

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

Together = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="MODEL",
        help="Another version of the same vocabulary that answers together with it: their probabilities are averaged. "
        "Repeatable.",
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

ChoicesFile = Annotated[
    Path | None,
    typer.Option("--choices", help="A UTF-8 file of the answers that are allowed, one per line; the best is given."),
]
Below = Annotated[
    float,
    typer.Option(
        "--below",
        min=0.0,
        max=1.0,
        help="List what a person should look at: answers with a confidence below it; 0: no list.",
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
    features: Annotated[
        Path | None,
        typer.Option(
            "--features", help="A .npy or .npz file with the features of each text, for models that read them."
        ),
    ] = None,
    backend: Backend = "torch",
    together: Together = None,
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
    choices: ChoicesFile = None,
    memory: MemoryFile = None,
    rules: RulesFile = None,
    use_memory: UseMemory = True,
    below: Below = 0.0,
    as_json: AsJson = False,
) -> None:
    """Write a line for each text or line of a file, in order: a text, or a label, a tab and all probabilities."""
    if sum(map(bool, (texts, file, from_noise, between))) > 1:
        raise UserError("texts, --file, --from-noise and --between exclude each other; give one of them")
    _require_option("--seed", seed, "--from-noise", from_noise)
    _require_option("--steps", steps, "--between", between)
    from seqloom.cli.answered_texts import answer_in_order, unsure, with_features
    from seqloom.decoding.confidence import require_confidence

    with brief_torch_import():
        checkpoint, generator = load_models(model, together, backend)
    generator.decoding = decoding_of(generator, override, glossary, choices)
    generator.memory = known_answers(memory, rules, checkpoint, generator, use_memory)
    if from_noise or between:
        _require_vectors(generator, model)
        invented = _between(generator, between, steps) if between else _noise(generator, checkpoint, from_noise, seed)
        _print_invented(model, invented, as_json)
        return
    if below:
        require_confidence(generator, model)
    if features or generator.frame_width:
        texts = with_features(generator, model, texts, file, features)
    answered = answer_in_order(generator, texts, file)
    _print_answers(generator, unsure(answered, below) if below else answered, model, bool(below), as_json)


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
    together: Together = None,
    override: DecodingOverrides = None,
    glossary: GlossaryFile = None,
    choices: ChoicesFile = None,
    memory: MemoryFile = None,
    rules: RulesFile = None,
    below: Below = 0.0,
    processes: Annotated[
        int, typer.Option("--processes", min=1, help="Of this machine that answer; each loads the model.")
    ] = 1,
    scheduler: Annotated[
        str, typer.Option("--scheduler", help="Address of a Dask scheduler whose workers answer: tcp://10.0.0.5:8786.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Write a file's columns and a prediction for each row to Parquet, in shards; what fails is listed."""
    console = console_for(as_json)
    from seqloom.batch_inference.generation_workers import GenerationWorkers
    from seqloom.batch_inference.input_table import open_input
    from seqloom.batch_inference.sharded_generation import BatchInference, run_batch_inference
    from seqloom.cli.progress_bars import TerminalAudience
    from seqloom.cli.terminal import show_report
    from seqloom.decoding.confidence import require_confidence
    from seqloom.recipe.recipe_json import read_recipe
    from seqloom.registry.checkpoint_folder import describe_version, find_checkpoint
    from seqloom.training.device import choose_device

    checkpoint, generator = load_models(model, together, backend)
    generator.decoding = decoding_of(generator, override, glossary, choices)
    generator.memory = known_answers(memory, rules, checkpoint, generator)
    if below:
        require_confidence(generator, model)
    recipe = read_recipe(checkpoint)
    changed = changed_options(generator.decoding, recipe.decoding)
    others = [find_checkpoint(each, home_folder()) for each in together or []]
    named, rows = describe_version(model, backend), open_input(file, "auto", column, recipe.corpus.features)
    bulk = BatchInference(named, checkpoint, rows, shard_rows, max_characters, changed, others, memory, rules)
    workers = GenerationWorkers(processes, scheduler)
    if workers.is_needed and (memory or rules):
        raise UserError("--memory and --rules are for one process: leave --processes and --scheduler out, or these")
    if not workers.is_needed:
        generator.backend.move(choose_device("auto"))
    watcher = TerminalAudience(console)
    with watcher.live():
        progress = watcher.progress("generate")
        report = run_batch_inference(bulk, generator, to, progress, below=below, workers=workers)
    show_report(console, report)
    if as_json:
        print_json(asdict(report))


def _print_answers(
    generator: "Generator", answered: "Iterator[AnsweredTexts]", model: str, listed: bool, as_json: bool
) -> None:
    """Print answers as they come, or all of them as JSON; of a list each with its number and text."""
    from seqloom.decoding.answers import concatenate

    if as_json:
        columns = concatenate(
            {**(each.columns if listed else {}), **generator.columns(each.answers)} for each in answered
        )
        print_json({"model": model, "outputs": columns.pop("prediction", []), **columns})
        return
    for each in answered:
        shown = generator.whole if each.is_single_text and generator.keeps_whitespace else generator.line
        for place, found in enumerate(each.answers):
            sys.stdout.write(f"{each.lead(place) if listed else ''}{shown(found)}\n")
        sys.stdout.flush()


def load_models(model: str, others: list[str] | None, backend: str) -> tuple[Path, "Generator"]:
    """Return the checkpoint of a model, and the generator of it and of others that answer together with it.

    Raises:
        UserError: one is not there, or they do not go together.
    """
    from seqloom.decoding.generator_loader import load_together
    from seqloom.registry.checkpoint_folder import find_checkpoint

    names, home = [model, *(others or [])], home_folder()
    checkpoints = [find_checkpoint(each, home, backend) for each in names]
    return checkpoints[0], load_together(checkpoints, names)


def decoding_of(
    generator: "Generator", override: list[str] | None, glossary: Path | None = None, choices: Path | None = None
) -> "DecodingSection":
    """Return the decoding settings of the recipe, with overrides, the terms of a glossary file and a file of choices.

    Raises:
        UserError: an override or a line of a file is wrong, or there is no such file.
    """
    files = {"glossary": glossary, "choices": choices}
    given = {field: file for field, file in files.items() if file}
    if not override and not given:
        return generator.decoding
    from seqloom.recipe.choice_list import read_choices
    from seqloom.recipe.glossary import read_glossary
    from seqloom.recipe.recipe_loader import change_section, check_section
    from seqloom.recipe.schema import DecodingSection

    section = change_section(DecodingSection(**vars(generator.decoding)), override or [], "decoding")
    for field, file in given.items():
        text = _read_text(file, f"--{field}")
        section = check_section(DecodingSection, {**vars(section), field: text}, f"--{field} {file}")
        if not (read_choices(text) if field == "choices" else read_glossary(text)):
            raise UserError(f"{file}: has no {_ENTRY[field]}; write one on a line, or correct --{field}")
    return section


def _read_text(file: Path, option: str) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UserError(f"{file}: cannot be read ({error.strerror}); correct {option}") from None
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
