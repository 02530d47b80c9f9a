"""Scores of the recipes on real corpora: `python -m bench.quality NAME … [--seeds 1,2,3] [-o …]`.

Each NAME is a recipe on a corpus below SEQLOOM_CORPORA (`--help` lists them), trained as anybody trains it, tested
once, in a home that is kept: called again, what is finished is not done again, and what was killed goes on. It
prints a table in Markdown: every score with its mean and spread over the seeds, and the same score of every baseline.
"""

import argparse
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from bench.command import run_seqloom
from bench.corpora import VARIABLE, corpora
from bench.paths import HOME, ROOT
from seqloom.recipe.applications import application_of
from seqloom.recipe.metric import Metric

FOLDER = HOME / "applications"
ENGLISH_CHINESE = tuple(
    f"{corpus}/{split}.{language}"
    for corpus, held_out in (("3am_en_zh", "val"), ("tatoeba_zh_en", "dev"))
    for split in ("train", held_out)
    for language in ("en", "zh")
)
HALVES = {"val": slice(0, None, 2), "test": slice(1, None, 2)}  # of rows that are not for training


@dataclass(frozen=True)
class CorpusRecipe:
    """A recipe with the overrides that name its corpus."""

    recipe: str
    corpus_overrides: tuple[str, ...]  # SEQLOOM_CORPORA stands for the folder of the corpora
    overrides: tuple[str, ...] = ()


def _texts(stem: str) -> tuple[str, ...]:
    """Return the overrides that name the three files of a text."""
    files = (("train", "train"), ("validation", "valid"), ("test", "test"))
    return tuple(f"corpus.{split}=[SEQLOOM_CORPORA/{stem}.{file}.txt]" for split, file in files)


WAR_AND_PEACE = _texts("war_and_peace/wap")

CORPUS_RECIPES = {
    "multi30k": CorpusRecipe(
        "translate",
        (
            "corpus.train=[SEQLOOM_CORPORA/multi30k/train.en, SEQLOOM_CORPORA/multi30k/train.de]",
            "corpus.validation=[SEQLOOM_CORPORA/multi30k/val.en, SEQLOOM_CORPORA/multi30k/val.de]",
            "corpus.test=[SEQLOOM_CORPORA/multi30k/test_2016_flickr.en, SEQLOOM_CORPORA/multi30k/test_2016_flickr.de]",
        ),
    ),
    "english-chinese": CorpusRecipe(
        "translate-zh",
        tuple(
            f"corpus.{split}=['{FOLDER}/en-zh/*/{file}.en', '{FOLDER}/en-zh/*/{file}.zh']"
            for split, file in (("train", "train"), ("validation", "val"), ("test", "test"))
        ),
    ),
    "sst": CorpusRecipe(
        "sentiment",
        ("corpus.train=[SEQLOOM_CORPORA/sst/stsa.binary.train]", "corpus.test=[SEQLOOM_CORPORA/sst/stsa.binary.dev]"),
    ),
    "waimai": CorpusRecipe("sentiment-zh", ("corpus.train=[SEQLOOM_CORPORA/waimai_10k/waimai_10k.csv]",)),
    "aeslc": CorpusRecipe(
        "summarize",
        ("corpus.train=[SEQLOOM_CORPORA/aeslc/train.jsonl]", "corpus.test=[SEQLOOM_CORPORA/aeslc/dev.jsonl]"),
    ),
    "news": CorpusRecipe(
        "summarize",
        ("corpus.train=[SEQLOOM_CORPORA/news_summary/news_summary.jsonl]",),
        (
            "corpus.source_column=summary",
            "corpus.target_column=headline",
            "training.start_from=models:/aeslc@champion",  # four thousand texts are too few to learn copying from
            "training.batch_tokens=3000",
            "training.learning_rate=0.001",
            "training.epochs=12",
        ),
    ),
    "dailydialog": CorpusRecipe(
        "chat",
        (
            "corpus.train=[SEQLOOM_CORPORA/dailydialog/dialogues_train.txt]",
            "corpus.test=[SEQLOOM_CORPORA/dailydialog/dialogues_validation.txt]",
        ),
    ),
    "ptb": CorpusRecipe("generate", _texts("ptb/ptb")),
    "war-and-peace": CorpusRecipe(
        "generate",
        WAR_AND_PEACE,
        (
            "vocabulary.kind=bpe",
            "vocabulary.size=4000",
            "vectors.width=256",
            "model.decoder_width=512",
            "model.dropout=0.35",
            "training.epochs=16",
            "training.patience=16",
            "training.batch_tokens=1136",
            "training.block_size=70",
        ),
    ),
    "tinyshakespeare": CorpusRecipe(
        "generate",
        ("corpus.train=[SEQLOOM_CORPORA/tinyshakespeare/input.txt]", "corpus.validation=[]", "corpus.test=[]"),
        (
            "corpus.max_characters=1000",
            "vocabulary.kind=char",
            "vocabulary.size=400",
            "vectors.width=64",
            "model.decoder_width=512",
            "model.dropout=0.25",
            "training.epochs=12",
            "training.patience=12",
            "training.block_size=200",
            "decoding.max_length=500",
        ),
    ),
    "hello": CorpusRecipe("reconstruct", ()),
    "lines-of-a-novel": CorpusRecipe(
        "reconstruct",
        WAR_AND_PEACE,
        (
            "corpus.overfit=false",
            "corpus.max_characters=70",  # the book is broken into lines of that length
            "vocabulary.kind=bpe",
            "vocabulary.size=2000",
            "vectors.width=96",
            "model.encoder_width=128",
            "model.decoder_width=256",
            "training.epochs=12",
            "training.patience=12",
            "training.learning_rate=0.003",
            "training.schedule=cosine",
            "training.warmup_steps=200",
            "evaluation.metric=chrf",
            "registry.beat_baselines=true",
        ),
    ),
}


def main() -> None:
    """Train the named recipes, and print the scores of each as soon as it is done."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=CORPUS_RECIPES, metavar="NAME", help=", ".join(CORPUS_RECIPES))
    parser.add_argument("--seeds", default="1", help="Of training.seed, such as 1,2,3.")
    parser.add_argument("-o", "--override", action="append", default=[])
    asked = parser.parse_args()
    data = corpora(*(file for name in asked.names for file in files_of(name)))
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in asked.names:
        if name == "english-chinese":
            write_english_chinese(data)
        runs = [train(name, seed, data, asked.override) for seed in asked.seeds.split(",")]
        print("\n".join(_table(name, runs)), flush=True)


def files_of(name: str) -> list[str]:
    """Return the files below the folder of the corpora that an application reads."""
    if name == "english-chinese":
        return list(ENGLISH_CHINESE)
    return [
        file
        for override in CORPUS_RECIPES[name].corpus_overrides
        for file in re.findall(rf"{VARIABLE}/([^,\]]+)", override)
    ]


def train(name: str, seed: str, data: Path, override: Sequence[str]) -> dict[str, Any]:
    """Train a recipe by the command, and return its outcome."""
    application = CORPUS_RECIPES[name]
    corpus_overrides = [override.replace(VARIABLE, str(data)) for override in application.corpus_overrides]
    changes = [f"name={name}", *corpus_overrides, *application.overrides, *override, f"training.seed={seed}"]
    options = [part for change in changes for part in ("-o", change)]
    recipe = str(ROOT / "recipes" / f"{application.recipe}.yaml")
    return run_seqloom(FOLDER / "home", "train", recipe, *options)


def _table(name: str, runs: Sequence[dict[str, Any]]) -> Iterator[str]:
    kind = application_of(runs[0]["task"])
    yield f"\n| {name} | " + " | ".join(measure.label for measure in kind.metrics) + " |"
    yield "|---" * (1 + len(kind.metrics)) + "|"
    systems = {"test": "the recipe", **{f"baseline/{key}": label for key, label in kind.baselines.items()}}
    for system, label in systems.items():
        cells = [
            _cell(measure, [run["metrics"].get(f"{system}/{measure.name}") for run in runs]) for measure in kind.metrics
        ]
        yield f"| {label} | " + " | ".join(cells) + " |"
    yield "\nseconds of training: " + ", ".join(str(run["stages"]["training"]) for run in runs)


def _cell(measure: Metric, figures: Sequence[float | None]) -> str:
    """Format mean and standard deviation; empty if the system has no such score."""
    known = [figure for figure in figures if figure is not None]
    if not known:
        return ""
    spread = f" ± {measure.shown(stdev(known))}" if len(set(known)) > 1 else ""
    return measure.shown(mean(known)) + spread


def write_english_chinese(data: Path) -> None:
    """Write a folder for each corpus, with equal file names; halve the held-out lines into validation and test."""
    corpora = {"3am": (data / "3am_en_zh", "val"), "tatoeba": (data / "tatoeba_zh_en", "dev")}
    for name, (corpus, held_out) in corpora.items():
        folder = FOLDER / "en-zh" / name
        folder.mkdir(parents=True, exist_ok=True)
        for language in ("en", "zh"):
            (folder / f"train.{language}").write_bytes((corpus / f"train.{language}").read_bytes())
            lines = (corpus / f"{held_out}.{language}").read_bytes().splitlines(keepends=True)
            for split, part in HALVES.items():
                (folder / f"{split}.{language}").write_bytes(b"".join(lines[part]))


if __name__ == "__main__":
    main()
