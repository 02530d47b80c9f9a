"""`python -m bench`: everything that needs no GPU, one table of ratios with their goals."""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from rich import box
from rich.console import Console
from rich.table import Table

from bench import (
    corpus_speed,
    ddp,
    decoding_speed,
    orchestration_overhead,
    peak_memory,
    serving_speed,
    start_time,
    tokenizer_speed,
    training_speed,
    word2vec_speed,
)
from bench.artifacts import prepare
from bench.corpora import multi30k
from bench.paths import HOME, RECIPES
from bench.row import Row
from seqloom.artifact.home_folder import home_folder
from seqloom.recipe.recipe_loader import load_recipe

PARTS = (
    "transformer",
    "lstm",
    "corpus",
    "vectors",
    "vocabulary",
    "decode",
    "serve",
    "start",
    "memory",
    "scaling",
    "overhead",
)


def main() -> None:
    """Run the parts, print the table, and write it to .bench/results.json."""
    options = _options()
    console = Console()
    HOME.mkdir(exist_ok=True)
    if not {"corpus", "serve", "start", "overhead"}.issuperset(options.parts):
        multi30k()  # before anything is measured
    started = time.monotonic()
    rows: list[Row] = []
    for part in options.parts:
        begun = time.monotonic()
        console.print(f"[dim]{part} …[/dim]")
        rows += _measure(part, options, console)
        console.print(f"[dim]{part}: {time.monotonic() - begun:.0f} s[/dim]")
    console.print(_table(rows))
    console.print(f"{time.monotonic() - started:.0f} s in all")
    (HOME / "results.json").write_text(json.dumps([asdict(row) for row in rows], indent=2), encoding="utf-8")


def _measure(part: str, options: argparse.Namespace, console: Console) -> Iterator[Row]:
    match part:
        case "corpus":
            yield from corpus_speed.measure([int(millions * 1e6) for millions in options.millions])
        case "vectors":
            yield from word2vec_speed.measure(multi30k(), options.tokens, options.threads)
        case "vocabulary":
            yield from tokenizer_speed.measure(multi30k(), int(options.tokens * word2vec_speed.WORDS_PER_TOKEN))
        case "decode":
            folder = prepare(multi30k(), load_recipe(RECIPES / "transformer.yaml", options.override))
            texts = (multi30k() / "val.en").read_text(encoding="utf-8").splitlines()
            with TemporaryDirectory(dir=HOME) as scratch:
                yield from decoding_speed.measure(folder, texts, Path(scratch))
                yield start_time.generate_row(Path(scratch) / "transformer")
        case "serve":
            yield from serving_speed.measure(options.version, home_folder())
        case "start":
            yield from start_time.measure()
        case "memory":
            yield from peak_memory.measure(options.pairs)
            folder = prepare(multi30k(), load_recipe(RECIPES / "transformer.yaml", options.override))
            yield peak_memory.training_row(folder, options.threads)
        case "scaling":
            yield from ddp.measure(multi30k())
        case "overhead":
            yield from orchestration_overhead.measure(max(1, options.rounds // 3))
        case model:
            folder = prepare(multi30k(), load_recipe(RECIPES / f"{model}.yaml", options.override))
            racing = training_speed.race(
                model, folder, options.rounds, options.seconds, options.threads, options.override
            )
            console.print(_turns(model, racing))
            yield from training_speed.rows(model, racing)


def _turns(model: str, contenders: Sequence[training_speed.Contender]) -> Table:
    table = Table(title=f"{model}: target tokens per second", box=box.SIMPLE, title_justify="left")
    for column in ("", "median", "turns", "tokens an update", "parameters"):
        table.add_column(column, justify="left" if not column else "right")
    for contender in contenders:
        table.add_row(
            contender.name,
            f"{contender.speed:,.0f}",
            contender.spread,
            f"{contender.batch:,.0f}",
            f"{contender.parameters / 1e6:.2f} M",
        )
    return table


def _table(rows: Sequence[Row]) -> Table:
    table = Table(title="Seqloom against its peers", box=box.SIMPLE, title_justify="left")
    for column in ("", "Seqloom", "against", "ratio", "goal", ""):
        table.add_column(column, justify="right" if column in ("ratio", "goal") else "left")
    for row in rows:
        goal = "–" if row.goal is None else f"{'≥' if row.better == 'more' else '≤'} {row.goal:g}"
        verdict = "" if row.goal is None else "[green]reached[/green]" if row.reached else "[red]missed[/red]"
        table.add_row(row.what, row.ours, row.theirs, f"{row.ratio:.2f}", goal, verdict)
    return table


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", default=[*PARTS], help=f"of {', '.join(PARTS)}; all if none is named")
    parser.add_argument("--threads", type=int, default=2, help="of every contender (%(default)s)")
    parser.add_argument("--rounds", type=int, default=6, help="turns of every contender (%(default)s)")
    parser.add_argument("--seconds", type=float, default=8.0, help="of a turn (%(default)s)")
    parser.add_argument("--tokens", type=int, default=10_000_000, help="of word2vec's corpus (%(default)s)")
    parser.add_argument("--pairs", type=int, default=10_000_000, help="in the corpus for memory (%(default)s)")
    parser.add_argument(
        "--version",
        default="",
        metavar="models:/NAME@ALIAS",
        help="in SEQLOOM_HOME, that is served; else one of the demo that is trained for some epochs",
    )
    parser.add_argument(
        "--millions",
        type=float,
        nargs="+",
        default=[0.2],
        help="of pairs in each corpus that is cleaned, such as 1 5 20 (0.2; 20 need 16 GB of disk)",
    )
    parser.add_argument(
        "-o",
        "--override",
        action="append",
        default=[],
        metavar="SECTION.FIELD=VALUE",
        help="of Seqloom's recipe, such as training.precision=bf16; repeatable",
    )
    options = parser.parse_args()
    unknown = [part for part in options.parts if part not in PARTS]
    if unknown:
        parser.error(f"there is no part {unknown[0]}: choose of {', '.join(PARTS)}")
    return options


if __name__ == "__main__":
    main()
