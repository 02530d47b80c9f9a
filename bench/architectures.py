"""Comparison of architectures: `python -m bench.architectures [--pairs 10000] [--epochs 12]`.

Recurrent sides of each kind without attention and with either kind of it, convolutions, and a Transformer, in one
`seqloom compare`: the same pairs of Multi30k, the same passes over them, sides of about one size. Two figures come of
it: quality against seconds, and quality by length of the source, where a fixed-length vector falls behind (Cho et al.
2014, Bahdanau et al. 2015).
"""

import argparse
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

from bench.artifacts import LANGUAGES
from bench.command import compare
from bench.corpora import multi30k
from bench.paths import HOME, ROOT
from seqloom.evaluation import plot_style

RECURRENT = {
    f"{kind}-{attention}": [f"model.encoder={kind}", f"model.decoder={kind}", f"model.attention={attention}"]
    for kind, attention in product(("rnn", "lstm", "gru"), ("none", "additive", "multiplicative"))
}
STACKED = {
    kind: [f"model.{side}={kind}" for side in ("encoder", "decoder")]
    + [f"model.{side}_layers={layers}" for side in ("encoder", "decoder")]
    + [f"model.decoder_width={width}"]
    for kind, layers, width in (("cnn", 3, 128), ("transformer", 2, 128))
}

VARIANTS = {**RECURRENT, **STACKED}
RECIPE = ROOT / "bench" / "architectures.yaml"
COLORS = {
    "none": plot_style.GRAY,
    "additive": plot_style.BLUE,
    "multiplicative": plot_style.OCHRE,
}  # by attention; else ink
LINES = {"rnn": ":", "lstm": "--", "gru": "-", "cnn": "-.", "transformer": "-"}


def main() -> None:
    """Train all, print the table as Markdown, and write the plots to .bench/findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=12)
    asked = parser.parse_args()
    data = multi30k()
    folder = HOME / "findings" / "architectures"
    files = _corpus_overrides(data, folder, asked.pairs)
    budget = [f"training.{field}={asked.epochs}" for field in ("epochs", "patience")]
    options = [part for override in (*files, *budget) for part in ("-o", override)]
    told = compare(RECIPE, VARIANTS, folder, *options)
    print("| | model | BLEU | chrF | seconds | target tokens/s | M parameters |\n|---|---|---|---|---|---|---|")
    for number, each in enumerate(told["candidates"], start=1):
        if each["failure"]:
            print(f"| | {each['label']} | {each['failure']} |")
            continue
        bleu, chrf = (each["metrics"][f"test/{name}"] for name in ("bleu", "chrf"))
        print(
            f"| {number} | {each['label']} | {bleu:.1f} | {chrf:.1f} | {each['seconds']:,.0f} "
            f"| {each['tokens_per_second']:,.0f} | {each['parameters'] / 1e6:.2f} |"
        )
    trained = [each for each in told["candidates"] if not each["failure"]]
    lengths = list(trained[0]["by_length"])
    print("\n| BLEU by length of the source | " + " | ".join(lengths) + " |\n" + "|---" * (1 + len(lengths)) + "|")
    for each in trained:
        print(f"| {each['label']} | " + " | ".join(f"{score:.1f}" for score in each["by_length"].values()) + " |")
    _draw_cost(trained, folder / "cost.png")
    _draw_lengths(trained, folder / "lengths.png")


def _draw_cost(candidates: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Plot BLEU against training time, a point for each model."""
    figure, (axes,) = plot_style.blank()
    for each in candidates:
        place = each["seconds"] / 60, each["metrics"]["test/bleu"]
        axes.scatter(*place, s=50, color=_color(each["label"]))
        name = each["label"].replace("-", ", ")
        left = name.endswith("multiplicative")  # where its neighbor's name stands on the right
        axes.annotate(
            name,
            place,
            (-7 if left else 7, 0),
            textcoords="offset points",
            ha="right" if left else "left",
            va="center",
            fontsize=8,
            color=plot_style.INK,
        )
    axes.margins(x=0.25, y=0.1)
    plot_style.dress(axes, "What an architecture is worth", "minutes of updates, one core", "BLEU of the test split")
    plot_style.save(figure, path)
    print(path)


def _draw_lengths(candidates: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Plot BLEU by source length, a line for each model."""
    figure, (axes,) = plot_style.blank()
    lengths = [length.removesuffix(" characters") for length in candidates[0]["by_length"]]
    for each in candidates:
        name, kind = each["label"].replace("-", ", "), each["label"].split("-")[0]
        style: dict[str, Any] = {"color": _color(each["label"]), "linestyle": LINES[kind], "linewidth": 1.8}
        axes.plot(lengths, list(each["by_length"].values()), label=name, **style)
    plot_style.dress(axes, "The fixed-length vector on long sentences", "characters of the source", "BLEU")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=8.5, labelcolor=plot_style.INK, frameon=False)
    plot_style.save(figure, path)
    print(path)


def _color(label: str) -> str:
    return COLORS.get(label.partition("-")[2], plot_style.INK)


def _corpus_overrides(data: Path, folder: Path, pairs: int) -> list[str]:
    """Return the overrides that name the files; the training split is the first `pairs` pairs."""
    folder.mkdir(parents=True, exist_ok=True)
    for language in LANGUAGES.values():
        lines = (data / f"train.{language}").read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / f"train.{language}").write_text("".join(lines[:pairs]), encoding="utf-8")
    files = {"train": folder / "train", "validation": data / "val", "test": data / "test_2016_flickr"}
    return [
        f"corpus.{split}=['{place}.{LANGUAGES['source']}', '{place}.{LANGUAGES['target']}']"
        for split, place in files.items()
    ]


if __name__ == "__main__":
    main()
