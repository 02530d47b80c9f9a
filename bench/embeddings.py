"""Comparison of word vectors: `python -m bench.embeddings [--seeds 3]`.

`recipes/sentiment.yaml` on three sizes of a corpus of film reviews (`mr_rt_polarity`; each fifth sentence tests, 2,133
of them), with embeddings that start at random, from word2vec on the training sentences themselves, or from word2vec on
2.5 million words of other English (newspaper, a novel, small talk); the last two kept as they are (frozen) or learned
on (tuned). Beside them, TF-IDF with logistic regression, which has no vectors; and the recipe as it is, where a linear
model stands beside the network, and which the others are without.
"""

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev

from bench.command import compare
from bench.corpora import corpora
from bench.paths import HOME, ROOT
from seqloom.evaluation import plot_style

SIZES = {500: 24, 2000: 12, 8000: 8}  # passes by the number of training sentences, for enough updates of few sentences
WIDTH = 128  # of the recipe
OTHER_TEXT = ("ptb/ptb.train.txt", "war_and_peace/wap.train.txt", "dailydialog/dialogues_train.txt")
BASELINE = "TF–IDF"
RECIPE = ROOT / "recipes" / "sentiment.yaml"
FOLDER = HOME / "findings" / "embeddings"
REVIEWS = "mr_rt_polarity/rt-polarity.all"

Scores = Mapping[int, Sequence[float]]  # accuracy of each seed, percent, by size


def main() -> None:
    """Train all, print the table as Markdown, and write the plot to .bench/findings."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    data = corpora(REVIEWS, *OTHER_TEXT)
    FOLDER.mkdir(parents=True, exist_ok=True)
    variants = variants_with(_pretrained(data))
    seeds = ",".join(map(str, range(1, asked.seeds + 1)))
    scores: dict[str, dict[int, list[float]]] = {name: defaultdict(list) for name in (*variants, BASELINE)}
    for size, epochs in SIZES.items():
        overrides = [*_corpus_overrides(data, size), f"training.epochs={epochs}", f"training.patience={epochs}"]
        options = [part for override in overrides for part in ("-o", override)]
        told = compare(
            RECIPE,
            variants,
            FOLDER / str(size),
            *options,
            "--grid",
            f"training.seed={seeds}",
        )
        for each in told["candidates"]:
            if each["failure"]:
                raise SystemExit(f"{each['label']}: {each['failure']}")
            scores[each["label"].split(" · ")[0]][size].append(100 * each["metrics"]["test/accuracy"])
            scores[BASELINE][size] = [100 * each["metrics"]["baseline/tfidf/accuracy"]]
    _print(scores)
    _draw(scores, FOLDER / "accuracy.png")


def variants_with(pretrained: Path) -> dict[str, list[str]]:
    """Return overrides of the recipe by name of the variant; `pretrained` is a file of vectors."""
    other = ["vectors.method=pretrained", f"vectors.source_file='{pretrained}'"]
    frozen = ["training.freeze_embeddings=true"]
    alone = ["model.ngram_order=0", "vocabulary.min_frequency=2"]
    return {
        "random-tuned": [*alone, "vectors.method=none"],
        "own-tuned": alone,
        "own-frozen": [*alone, *frozen],
        "pretrained-tuned": [*alone, *other],
        "pretrained-frozen": [*alone, *other, *frozen],
        "own-tuned-beside-linear": [],
    }


def _corpus_overrides(data: Path, size: int) -> list[str]:
    """Return the overrides that name the files: each fifth sentence tests, `size` of the others train."""
    lines = (data / REVIEWS).read_bytes().splitlines(keepends=True)
    others = [line for number, line in enumerate(lines) if number % 5]
    chosen = [others[number * len(others) // size] for number in range(size)]
    train, test = FOLDER / f"train-{size}", FOLDER / "test"
    train.write_bytes(b"".join(chosen))
    test.write_bytes(b"".join(lines[::5]))
    return [f"corpus.train=['{train}']", f"corpus.test=['{test}']", "corpus.encoding=latin-1"]


def _pretrained(data: Path) -> Path:
    """Train vectors on other text, once, and return their file."""
    from gensim.models import Word2Vec

    path, text = FOLDER / "other-text.vec", FOLDER / "other-text.txt"
    if path.exists():
        return path
    with text.open("w", encoding="utf-8") as file:
        for name in OTHER_TEXT:
            file.write((data / name).read_text(encoding="utf-8").lower().replace("__eou__", "\n"))
    model = Word2Vec(corpus_file=str(text), vector_size=WIDTH, sg=1, negative=10, min_count=3, epochs=5, workers=2)
    model.wv.save_word2vec_format(str(path))
    return path


def _print(scores: Mapping[str, Scores]) -> None:
    print("| | " + " | ".join(f"{size:,} sentences" for size in SIZES) + " |\n" + "|---" * (1 + len(SIZES)) + "|")
    for name, by_size in scores.items():
        print(f"| {name} | " + " | ".join(f"{mean(by_size[n]):.1f} ± {_spread(by_size[n]):.1f}" for n in SIZES) + " |")


def _draw(scores: Mapping[str, Scores], path: Path) -> None:
    figure, (axes,) = plot_style.blank()
    colors = {
        "random": plot_style.GRAY,
        "own": plot_style.BLUE,
        "pretrained": plot_style.OCHRE,
        BASELINE: plot_style.GRAY,
    }
    for name, by_size in scores.items():
        start, _, kept = name.partition("-")
        heights, spreads = zip(*((mean(by_size[size]), _spread(by_size[size])) for size in SIZES), strict=True)
        color, dashes = colors[start], {"frozen": "--", "tuned": "-", "tuned-beside-linear": "-."}.get(kept, ":")
        axes.plot(list(SIZES), heights, color=color, linestyle=dashes, linewidth=1.8, label=name.replace("-", ", "))
        axes.errorbar(list(SIZES), heights, spreads, fmt="o", color=color, markersize=4, capsize=3)
    axes.set_xscale("log")
    axes.set_xticks(list(SIZES), [f"{size:,}" for size in SIZES])
    axes.minorticks_off()
    plot_style.dress(axes, "What word vectors are worth", "training sentences", "accuracy, percent")
    plot_style.legend_inside(axes)
    plot_style.save(figure, path)
    print(path)


def _spread(figures: Sequence[float]) -> float:
    return stdev(figures) if len(figures) > 1 else 0.0


if __name__ == "__main__":
    main()
