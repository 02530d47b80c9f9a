"""What an architecture is worth: `python -m bench.architectures [--pairs 10000] [--epochs 12] [--data FOLDER]`.

Recurrent sides of each kind without attention and with either kind of it, convolutions, and a Transformer, in one
`seqloom compare`: the same pairs of Multi30k, the same passes over them, sides of about one size. Two figures come of
it: quality against seconds, and quality by length of the source, where a fixed-length vector falls behind (Cho et al.
2014, Bahdanau et al. 2015).
"""

import argparse
import shutil
from itertools import product
from pathlib import Path

from bench.artifacts import LANGUAGES, check_data
from bench.comparing import compare
from bench.places import DATA, HOME, ROOT

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


def main() -> None:
    """Train all, print the table as Markdown, and lay the figures into .bench/findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--data", type=Path, default=DATA)
    asked = parser.parse_args()
    check_data(asked.data)
    folder = HOME / "findings" / "architectures"
    places = _places(asked.data, folder, asked.pairs)
    budget = [f"training.{field}={asked.epochs}" for field in ("epochs", "patience")]
    options = [part for override in (*places, *budget) for part in ("-o", override)]
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
    lengths = list(told["candidates"][0]["by_length"])
    print("\n| BLEU by length of the source | " + " | ".join(lengths) + " |\n|---" * (1 + len(lengths)) + "|")
    for each in told["candidates"]:
        print(f"| {each['label']} | " + " | ".join(f"{each['by_length'].get(name, 0):.1f}" for name in lengths) + " |")
    for figure in ("figure", "length_figure"):
        print(shutil.copy(told[figure], folder / f"{figure}.png"))


def _places(data: Path, folder: Path, pairs: int) -> list[str]:
    """Overrides that name the files; of the training split the first pairs."""
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
