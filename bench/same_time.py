"""Quality after the same wall time: `python -m bench.same_time [--epochs 6]`.

English to Chinese as `recipes/translate-zh.yaml` has it. Seqloom trains first; then JoeyNMT, on the same rows cut into
the same tokens, a model of the same sizes on the same cores, for as many seconds as our training stage took with its
validations. Both search with a beam of five. Seqloom's run is kept, and is not trained again; JoeyNMT's is.
"""

import argparse
import os
import shutil
import subprocess
from pathlib import Path

from bench.artifacts import segment
from bench.corpora import corpora
from bench.paths import HOME, ROOT
from bench.peers import python_of
from bench.quality import CORPUS_RECIPES, ENGLISH_CHINESE, FOLDER, train, write_english_chinese
from bench.training_speed import PATIENCE
from seqloom.corpus.corpus_files import read_split
from seqloom.evaluation.sacrebleu_scores import text_scores
from seqloom.recipe.recipe_loader import load_recipe
from seqloom.vocabulary.special_tokens import UNKNOWN
from seqloom.vocabulary.stage import load_vocabularies

NAME = "english-chinese"
SCORES = ("bleu", "chrf", "ter")


def main() -> None:
    """Train both, and print their scores as Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, help="Of Seqloom, which set the time; else as the recipe has it.")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    asked = parser.parse_args()
    data = corpora(*ENGLISH_CHINESE)
    joeynmt = python_of("joeynmt")
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_english_chinese(data)
    os.environ |= {"OMP_NUM_THREADS": str(asked.threads), "MKL_NUM_THREADS": str(asked.threads)}
    budget = [f"training.{field}={asked.epochs}" for field in ("epochs", "patience")] if asked.epochs else []
    ours = train(NAME, "1", data, budget)
    seconds = ours["stages"]["training"]
    if seconds == "cached":
        raise SystemExit(
            f"how long a training of before took is not known: remove {FOLDER / 'home'}, or other --epochs"
        )
    theirs = _joeynmt(joeynmt, seconds)
    print(f"\n| after {seconds / 60:.0f} minutes, {asked.threads} threads | BLEU | chrF | TER |\n|---|---|---|---|")
    for name, scores in (("Seqloom", [ours["metrics"][f"test/{score}"] for score in SCORES]), ("JoeyNMT", theirs)):
        print(f"| {name} | " + " | ".join(f"{score:.1f}" for score in scores) + " |")


def _joeynmt(python: Path, seconds: float) -> list[float]:
    """Train JoeyNMT and return its scores on the test split."""
    folder = HOME / "same-time"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    recipe = load_recipe(ROOT / "recipes" / "translate-zh.yaml", CORPUS_RECIPES[NAME].corpus_overrides)
    corpus, vocabulary = segment(recipe.corpus, recipe, folder)
    sizes = [recipe.model.encoder_layers, recipe.model.encoder_width, recipe.model.feedforward_width]
    command = [str(python), "-m", "bench.contenders.joeynmt_translator", *map(str, [folder, seconds, *sizes])]
    answers = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **PATIENCE}, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.splitlines()
    target = load_vocabularies(vocabulary)[1]
    ids = {token: number for number, token in enumerate(target.tokens)}
    texts = target.decode([[ids.get(token, UNKNOWN) for token in answer.split(" ")] for answer in answers])
    references = read_split(corpus, "test")["target"].tolist()
    return [score.value for score in text_scores(SCORES, texts, references, recipe.corpus.target_language).values()]


if __name__ == "__main__":
    main()
