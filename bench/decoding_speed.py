"""Answers per processor second: Seqloom's own search, CTranslate2 with the same weights, JoeyNMT and Eole, in turns.

The weights are random and every search is forced to the same number of steps, so that nothing has to be trained and all
search equally long. Each text is searched for on one thread. The peers, in processes of their own, are given segmented
texts and return tokens; Seqloom's turns have the tokenizing in them.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import torch

from bench.artifacts import sizes_of
from bench.paths import HOME, RECIPES, ROOT
from bench.peers import python_of
from bench.row import Row
from bench.search_turns import BEAM, TOKENS
from seqloom.dataset.length_limit import LengthLimit
from seqloom.decoding.checkpoint_export import export
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_generator
from seqloom.models.model_factory import build_model, save_checkpoint
from seqloom.recipe.recipe_json import write_recipe
from seqloom.recipe.recipe_loader import load_recipe
from seqloom.vocabulary.special_tokens import VOCABULARY_FILES
from seqloom.vocabulary.stage import load_vocabularies
from seqloom.vocabulary.vocabulary import Vocabulary

PEERS = ("joeynmt", "eole")
TEXTS, ALONE = 32, 6  # asked in a batch, and one at a time
ROUNDS = 3
GOALS = {"batch": 1.0, "alone": 0.5}  # at least as fast as CTranslate2 in batches, within twice for one text
PEER_GOAL = 3.0  # of the LSTM, which CTranslate2 cannot run


@dataclass(frozen=True)
class Peer:
    """A peer's search in a process of its own."""

    process: subprocess.Popen[str]

    @classmethod
    def start(cls, name: str, model: str, folder: Path) -> "Peer":
        """Start the search of a peer with a model of random weights, and wait until it is ready."""
        log = HOME / "logs" / f"search-{model}-{name}.log"
        log.parent.mkdir(exist_ok=True)
        with log.open("w", encoding="utf-8") as stderr:
            process = subprocess.Popen(
                [str(python_of(name)), "-m", f"bench.contenders.{name}_search", model, str(folder)],
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )
        peer = cls(process)
        peer._receive(f"{name} stopped; see {log}")
        return peer

    def seconds(self, parts: Sequence[list[str]]) -> float:
        """Return the processor seconds of answering segmented texts, part by part."""
        assert self.process.stdin
        print(json.dumps(parts), file=self.process.stdin, flush=True)
        found = self._receive("a peer stopped in its turn; see .bench/logs")
        steps = found["tokens"] / sum(map(len, parts))
        assert TOKENS - 1 <= steps <= TOKENS, f"answers of {steps} tokens, and not {TOKENS} with their end"
        return found["seconds"]

    def stop(self) -> None:
        """End its process."""
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait()

    def _receive(self, sentence: str) -> dict[str, float]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            sys.exit(sentence)
        message: dict[str, float] = json.loads(line)
        return message


def make_checkpoint(model: str, folder: Path, to: Path) -> Path:
    """Write random weights for the vocabulary of the artifacts in `folder`, as a checkpoint."""
    answers = [f"decoding.{name}={value}" for name, value in (("min_length", TOKENS - 1), ("max_length", TOKENS))]
    recipe = load_recipe(RECIPES / f"{model}.yaml", [*answers, f"decoding.beam_size={BEAM}"])
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
    """Measure a Transformer and an LSTM: the first against CTranslate2, which has no second, and both against peers.

    `folder` holds the artifacts of Multi30k, see `bench.artifacts.prepare`.
    """
    models = ("transformer", "lstm")
    folders = {model: make_checkpoint(model, folder, scratch / model) for model in models}
    folders["CTranslate2"] = scratch / "ctranslate2"
    export(folders["transformer"], folders["CTranslate2"], "ctranslate2")
    generators = {name: load_generator(each) for name, each in folders.items()}
    peers = {(name, model): Peer.start(name, model, folder) for name in PEERS for model in models}
    rows = []
    try:
        for kind, parts in (("batch", [list(texts[:TEXTS])]), ("alone", [[text] for text in texts[:ALONE]])):
            searches = _searches(generators, peers, parts, load_vocabularies(folder / "vocabulary")[0])
            rows += _rows(kind, _speeds(searches, sum(map(len, parts))))
    finally:
        for peer in peers.values():
            peer.stop()
    return rows


def _searches(
    generators: Mapping[str, Generator],
    peers: Mapping[tuple[str, str], Peer],
    parts: Sequence[list[str]],
    vocabulary: Vocabulary,
) -> Mapping[str, Callable[[], float]]:
    """Return the functions that take a turn, and return its processor seconds."""
    segmented = [[" ".join(tokens) for tokens in vocabulary.tokenize(part)] for part in parts]
    ours = {name: partial(_seconds, generator, parts) for name, generator in generators.items()}
    return ours | {f"{name}, {model}": partial(peer.seconds, segmented) for (name, model), peer in peers.items()}


def _seconds(generator: Generator, parts: Sequence[list[str]]) -> float:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    started = time.process_time()
    for part in parts:
        generator.answer(part, generator.decoding)
    torch.set_num_threads(threads)
    return time.process_time() - started


def _speeds(searches: Mapping[str, Callable[[], float]], texts: int) -> dict[str, float]:
    """Return texts a processor second of each, the median of turns after one that warms up."""
    taken: dict[str, list[float]] = {name: [] for name in searches}
    for _ in range(ROUNDS + 1):
        for name, search in searches.items():
            taken[name].append(search())
    return {name: texts / median(seconds[1:]) for name, seconds in taken.items()}


def _rows(kind: str, speeds: Mapping[str, float]) -> list[Row]:
    pairs: list[tuple[str, str, float | None]] = [("transformer", "CTranslate2", GOALS[kind])]
    for model, goal in (("transformer", None), ("lstm", PEER_GOAL)):
        pairs += [(model, f"{name}, {model}", goal) for name in PEERS]
    return [
        Row(
            f"answers, {ours}, {kind}",
            f"{speeds[ours]:.1f} texts/s",
            f"{speeds[theirs]:.1f} texts/s, {theirs}",
            speeds[ours] / speeds[theirs],
            goal,
            "more",
        )
        for ours, theirs, goal in pairs
    ]
