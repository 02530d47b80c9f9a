"""JoeyNMT 2.3.0 training on segmented text: `python -m bench.contenders.joeynmt MODEL FOLDER`, in its environment.

Its own command line's function trains; `TrainManager._train_step` is looked in on for the tokens of a batch. What it
calls tokens is what is counted here: `Batch.ntokens` is the sum of the target mask over the target without its start.

What differs from Seqloom: its token batches are not sorted by length and their size counts padding, hence the larger
number here, which gives the same 1,700 target tokens; it tokenizes (here: splits at spaces) every sentence anew each
time it is drawn. Recurrent: Luong's input feeding joins Bahdanau's attention, the output layer is not tied (it cannot
be) and reads 512 numbers in place of 256. It clips no gradient, which spares it one pass.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import joeynmt.training
from joeynmt.batch import Batch

from bench.turns import Turns

BATCH_TOKENS = 3900  # with padding
WARM_UP = 4


def configuration(model: str, folder: Path, scratch: str) -> dict[str, Any]:
    """Return the configuration, as in a YAML file."""
    side = {"level": "word", "lowercase": False, "voc_file": str(folder / "vocabulary.en")}
    return {
        "name": "bench",
        "model_dir": scratch,
        "use_cuda": False,
        "data": {
            "train": str(folder / "train"),
            "dev": str(folder / "validation"),
            "dataset_type": "plain",
            "src": {"lang": "en", **side},
            "trg": {"lang": "de", **side},
        },
        "testing": {"eval_metrics": [], "batch_size": 64},
        "training": {
            "optimizer": "adamw",
            "adam_betas": [0.9, 0.98],
            "learning_rate": 0.0005,
            "learning_rate_min": 0.0,
            "learning_rate_warmup": 1000,
            "scheduling": "warmupinversesquareroot",
            "label_smoothing": 0.1,
            "normalization": "tokens",
            "batch_type": "token",
            "batch_size": BATCH_TOKENS,
            "epochs": 1000,
            "validation_freq": 10_000_000,
            "logging_freq": 100,
            "early_stopping_metric": "loss",
        },
        "model": {"transformer": transformer, "lstm": lstm}[model](),
    }


def transformer(layers: int = 3, width: int = 256, feedforward_width: int = 1024) -> dict[str, Any]:
    """Return the settings of a Transformer: so many layers a side, four heads, tied throughout, norms before each part.

    By default its decoder has them behind, and learned hardly anything in its first thousand updates.
    """
    part = {
        "type": "transformer",
        "num_layers": layers,
        "num_heads": 4,
        "embeddings": {"embedding_dim": width, "scale": True, "dropout": 0.2},
        "hidden_size": width,
        "ff_size": feedforward_width,
        "layer_norm": "pre",
        "dropout": 0.2,
    }
    return {
        "initializer": "xavier_uniform",
        "embed_initializer": "xavier_uniform",
        "tied_embeddings": True,
        "tied_softmax": True,
        "encoder": part,
        "decoder": part,
    }


def lstm() -> dict[str, Any]:
    """Return the settings of an LSTM: BiLSTM of 256 a direction, LSTM of 512, one embedding for both sides."""
    part = {"rnn_type": "lstm", "num_layers": 1, "dropout": 0.2, "embeddings": {"embedding_dim": 256, "dropout": 0.2}}
    return {
        "tied_embeddings": True,
        "encoder": {"type": "recurrent", "hidden_size": 256, "bidirectional": True, **part},
        "decoder": {"type": "recurrent", "hidden_size": 512, "attention": "bahdanau", "init_hidden": "bridge", **part},
    }


def main() -> None:
    """Train until the race is over."""
    model, folder = sys.argv[1], Path(sys.argv[2])
    turns = Turns(WARM_UP)
    train_step = joeynmt.training.TrainManager._train_step

    def counted(manager: joeynmt.training.TrainManager, batch: Batch) -> tuple[float, int]:
        turns.drawn(int(batch.ntokens))
        loss: tuple[float, int] = train_step(manager, batch)
        return loss

    joeynmt.training.TrainManager._train_step = counted
    with tempfile.TemporaryDirectory() as scratch:
        joeynmt.training.train(rank=0, world_size=None, cfg=configuration(model, folder, scratch), skip_test=True)


if __name__ == "__main__":
    main()
