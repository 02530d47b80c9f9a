"""Answers per processor second: Seqloom's own search beside CTranslate2 with the same weights, in turns.

The weights are random and every answer has the same number of tokens, so that nothing has to be trained and both search
equally long. Each text is searched for on one thread.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

import torch

from bench.artifacts import sizes_of
from bench.paths import RECIPES
from bench.row import Row
from seqloom.dataset.length_limit import LengthLimit
from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_generator
from seqloom.models.model_factory import build_model, save_checkpoint
from seqloom.recipe.recipe_json import write_recipe
from seqloom.recipe.recipe_loader import load_recipe
from seqloom.vocabulary.special_tokens import VOCABULARY_FILES
from seqloom.vocabulary.stage import load_vocabularies

TOKENS = 15  # of an answer, about as many as a sentence of Multi30k has
TEXTS, ALONE = 32, 6  # asked in a batch, and one at a time
ROUNDS = 3
GOALS = {"batch": 1.0, "alone": 0.5}  # at least as fast as CTranslate2 in batches, within twice for one text


def make_checkpoint(model: str, folder: Path, to: Path) -> Path:
    """Write random weights for the vocabulary of the artifacts in `folder`, as a checkpoint."""
    answers = [f"decoding.{name}={value}" for name, value in (("min_length", TOKENS - 1), ("max_length", TOKENS))]
    recipe = load_recipe(RECIPES / f"{model}.yaml", [*answers, "decoding.beam_size=5"])
    sizes = sizes_of(recipe, folder / "vocabulary")
    torch.manual_seed(1)
    to.mkdir(parents=True)
    save_checkpoint(build_model(recipe.model, sizes).eval(), sizes, to)
    write_recipe(recipe, to)
    for file, vocabulary in zip(VOCABULARY_FILES, load_vocabularies(folder / "vocabulary"), strict=True):
        vocabulary.save(to / file)
    LengthLimit.load(folder / "dataset").save(to)
    return to


def measure(folder: Path, texts: Sequence[str], scratch: Path) -> list[Row]:
    """Measure a Transformer against CTranslate2, and the LSTM, which that cannot run, against the Transformer."""
    ours = make_checkpoint("transformer", folder, scratch / "transformer")
    export(ours, scratch / "ctranslate2", "ctranslate2")
    lstm = make_checkpoint("lstm", folder, scratch / "lstm")
    folders = {"transformer": ours, "CTranslate2": scratch / "ctranslate2", "lstm": lstm}
    generators = {name: load_generator(each) for name, each in folders.items()}
    rows = []
    for kind, parts in (("batch", [list(texts[:TEXTS])]), ("alone", [[text] for text in texts[:ALONE]])):
        speeds = _speeds(generators, parts)
        for name, against, goal in (("transformer", "CTranslate2", GOALS[kind]), ("lstm", "transformer", None)):
            theirs = f"{speeds[against]:.1f} texts/s, {against}"
            ratio = speeds[name] / speeds[against]
            rows.append(Row(f"answers, {name}, {kind}", f"{speeds[name]:.1f} texts/s", theirs, ratio, goal, "more"))
    return rows


def _speeds(generators: Mapping[str, Generator], parts: Sequence[list[str]]) -> dict[str, float]:
    """Return texts a processor second of each, the median of turns after one that warms up."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    taken: dict[str, list[float]] = {name: [] for name in generators}
    for _ in range(ROUNDS + 1):
        for name, generator in generators.items():
            started = time.process_time()
            for part in parts:
                generator.answer(part, generator.decoding)
            taken[name].append(time.process_time() - started)
    torch.set_num_threads(threads)
    return {name: sum(map(len, parts)) / median(seconds[1:]) for name, seconds in taken.items()}
