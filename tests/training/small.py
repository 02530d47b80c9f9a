"""A training small enough to run a hundred times: its files, its recipe, and ways to run it and to kill it."""

import os
import signal
import time
from collections.abc import Callable, Mapping
from multiprocessing import get_context
from multiprocessing.synchronize import Semaphore
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from seqloom.dataset.bucketed_batches import BucketedBatches
from seqloom.dataset.sequences import write_sequences
from seqloom.errors import UserError
from seqloom.models.encoder_decoder import EncoderDecoder
from seqloom.models.model_factory import Sizes, build_model
from seqloom.progress import unwatched
from seqloom.recipe import schema
from seqloom.recipe.schema import CorpusSection, ModelSection, Recipe, TrainingSection
from seqloom.training import checkpoint
from seqloom.training.stage import train_model
from seqloom.training.trainer import Observe, Trainer
from seqloom.training.training_job import TrainingJob
from seqloom.vocabulary.special_tokens import MARK, SPECIAL_TOKENS, VOCABULARY_FILES
from seqloom.vocabulary.vocabulary import Vocabulary
from tests.models.plain import plain_model

SIZES = Sizes(source=17, target=19, width=8, shared=False)
SHARED = Sizes(source=19, target=19, width=8, shared=True)
NO_SCORES: dict[str, float] = {}
CONTEXT = get_context("forkserver")
CONTEXT.set_forkserver_preload([__name__])

Change = dict[str, Any]
Row = dict[str, float]


def unobserved(_row: Mapping[str, float]) -> None:
    """Let the rows of the history go by."""


def model_section(**change: Any) -> ModelSection:
    return plain_model(**{"encoder_width": 6, "decoder_width": 10, **change})


def training_section(**change: Any) -> TrainingSection:
    fixed = {"epochs": 4, "batch_tokens": 48, "learning_rate": 0.01, "device": "cpu", "precision": "fp32"}
    chosen = {"schedule": "constant", "select_by": "loss", "patience": 5}
    return TrainingSection(**{**fixed, **chosen, **change})


def write_home(home: Path, labels: bool = False) -> Path:
    """The folders that the stages before training leave: 36 pairs for training, 12 for validation and for test."""
    random = np.random.default_rng(5)
    for stage in ("vocabulary", "vectors", "dataset", "workspace", "made"):
        (home / stage).mkdir(parents=True)
    for split, rows in (("train", 36), ("validation", 12), ("test", 12)):
        sources = [random.integers(4, SIZES.source, size=random.integers(1, 9)).tolist() for _ in range(rows)]
        write_sequences(home / "dataset" / f"{split}.source", [sources])
        targets = [[token + 2 for token in (row[:1] if labels else row)] for row in sources]
        write_sequences(home / "dataset" / f"{split}.target", [targets])
    for name, size in zip(VOCABULARY_FILES, (SIZES.source, SIZES.target), strict=True):
        words = [f"{MARK}word{number}" for number in range(len(SPECIAL_TOKENS), size)]
        Vocabulary.of_words([*SPECIAL_TOKENS, *words]).save(home / "vocabulary" / name)
    return home


def run_stage(home: Path, model: Change, training: Change, observe: Observe = unobserved) -> Change:
    """The whole stage, as its task runs it; on running text where rows of it are asked for."""
    section = model_section(**model)
    running = "block_size" in training
    task = "sentiment" if section.decoder == "classifier" else "translation"
    sizes = SHARED if section.copy_attention or section.encoder == "none" else SIZES
    recipe = Recipe(
        name="small",
        task="generation" if running else task,
        corpus=CorpusSection(train=["x"], format="running" if running else "auto"),
        vocabulary=schema.VocabularySection(shared=sizes.shared),
        model=section,
        training=training_section(**training),
    )
    folders = [home / name for name in ("vocabulary", "vectors", "dataset", "workspace", "made")]
    return train_model(TrainingJob(recipe, sizes, *folders, None), observe, unwatched)


def trainer_of(home: Path, model: ModelSection | None = None, **arguments: Any) -> Trainer:
    """A trainer over the files of `home`; `arguments` go to the trainer where it knows them, else to its section."""
    own = {
        "validate": arguments.pop("validate", lambda _: NO_SCORES),
        "observe": arguments.pop("observe", unobserved),
        "progress": arguments.pop("progress", unwatched),
    }
    section = training_section(**arguments)
    torch.manual_seed(section.seed)
    batches = [BucketedBatches.open(home / "dataset", split, section.batch_tokens) for split in ("train", "validation")]
    fresh = build_model(model or model_section(), SIZES)
    return Trainer(fresh, *batches, section, torch.device("cpu"), home / "workspace", **own)


def weights(model: EncoderDecoder) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}


def same_bits(one: dict[str, Tensor], two: dict[str, Tensor]) -> bool:
    return one.keys() == two.keys() and all(one[name].equal(two[name]) for name in one)


def train_and_be_killed(home: Path, model: Change, training: Change, moment: str, times: int) -> None:
    """Die at the `times`-th new row of the history, or in a checkpoint before or after its rename."""
    torch.set_num_threads(1)
    left = times

    def die(*_: Any) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    observe: Observe = unobserved
    match moment:
        case "row":
            observe = die
        case "before rename":
            checkpoint.make_durable = die
        case "after rename":
            checkpoint.sync = die
    run_stage(home, model, training, observe)


def kill_in_training(home: Path, model: Change, training: Change, moment: str, times: int) -> None:
    """Train in a process of its own, which dies."""
    process = CONTEXT.Process(target=train_and_be_killed, args=(home, model, training, moment, times))
    process.start()
    process.join(120)
    assert process.exitcode == -signal.SIGKILL, process.exitcode


def kill_after(saves: int, seconds: float, home: Path, model: Change, training: Change) -> None:
    """Train in a process of its own, killed so many seconds after it wrote so many checkpoints."""
    saved = CONTEXT.Semaphore(0)
    process = CONTEXT.Process(target=train_and_count, args=(saved, home, model, training))
    process.start()
    for _ in range(saves):
        assert saved.acquire(timeout=60)
    time.sleep(seconds)
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL, "ended before it was killed"


def train_and_count(saved: Semaphore, home: Path, model: Change, training: Change) -> None:
    torch.set_num_threads(1)
    save = checkpoint.save

    def counted(*arguments: Any) -> None:
        save(*arguments)
        saved.release()

    checkpoint.save = counted
    run_stage(home, model, training)


def mistake_of(action: Callable[[], object]) -> str:
    try:
        action()
    except UserError as mistake:
        return str(mistake)
    raise AssertionError("no mistake was told")
