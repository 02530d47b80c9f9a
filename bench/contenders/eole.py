"""Eole 0.6.4 training on segmented text: `python -m bench.contenders.eole MODEL FOLDER`, in its environment.

The function behind `eole train` trains; `BatchProcessor.process_batch` is looked in on for the tokens of a batch: those
of the target without its start and padding, what Eole itself reports as the second figure of tok/s.

What differs from Seqloom: its statistics take the arg-max of every logit for the accuracy in its log, as they do for
any of its users. Recurrent: its decoder feeds the attended output back (input feeding, its default) with an attention
of its kind mlp (Bahdanau's), the embeddings are not tied to the output, which reads 512 numbers in place of 256.
Embeddings of 256 numbers in both. Attention entropy, which it logs by default, is switched off.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from eole.bin.run.train import train
from eole.config.run import TrainConfig
from eole.trainer import BatchProcessor

from bench.turns import Turns

BATCH_TOKENS = 2050  # with padding, and with the start of the target
WARM_UP = 10


def configuration(model: str, folder: Path, scratch: str) -> dict[str, Any]:
    """Return the configuration, as in a YAML file."""
    return {
        "seed": 1,
        "src_vocab": str(folder / "vocabulary.en"),
        "tgt_vocab": str(folder / "vocabulary.en"),
        "share_vocab": True,
        "vocab_size_multiple": 1,
        "transforms": [],
        "data": {"train": {"path_src": str(folder / "train.en"), "path_tgt": str(folder / "train.de")}},
        "model": {"transformer": transformer, "lstm": lstm}[model](),
        "training": {
            "model_path": scratch,
            "batch_type": "tokens",
            "batch_size": BATCH_TOKENS,
            "bucket_size": 29_000,
            "num_workers": 0,
            "normalization": "tokens",
            "optim": "adamw",
            "adam_beta2": 0.98,
            "learning_rate": 0.0005,
            "max_grad_norm": 1.0,
            "label_smoothing": 0.1,
            "dropout": [0.2],
            "attention_dropout": [0.2],
            "train_steps": 10_000_000,
            "valid_steps": 10_000_000,
            "save_checkpoint_steps": 10_000_000,
            "log_attention_entropy": False,
        },
    }


def transformer() -> dict[str, Any]:
    """Return the settings of a Transformer: 3+3 layers, width 256, tied throughout."""
    return {
        "architecture": "transformer",
        "layers": 3,
        "hidden_size": 256,
        "heads": 4,
        "transformer_ff": 1024,
        "share_embeddings": True,
        "share_decoder_embeddings": True,
        "embeddings": {"word_vec_size": 256, "position_encoding_type": "SinusoidalInterleaved"},
    }


def lstm() -> dict[str, Any]:
    """Return the settings of an LSTM: BiLSTM of 256 a direction, LSTM of 512, one embedding for both sides."""
    return {
        "architecture": "custom",
        "share_embeddings": True,
        "embeddings": {"word_vec_size": 256},
        "encoder": {"encoder_type": "brnn", "rnn_type": "LSTM", "layers": 1, "hidden_size": 512},
        "decoder": {
            "decoder_type": "rnn",
            "rnn_type": "LSTM",
            "layers": 1,
            "hidden_size": 512,
            "bidirectional_encoder": True,
            "global_attention": "mlp",
        },
    }


def main() -> None:
    """Train until the race is over."""
    model, folder = sys.argv[1], Path(sys.argv[2])
    turns = Turns(WARM_UP)
    process_batch = BatchProcessor.process_batch

    def counted(processor: BatchProcessor, batch: dict[str, Any], *rest: object) -> bool:
        turns.drawn(int(batch["tgt"][:, 1:].ne(processor.train_loss.padding_idx).sum()))
        done: bool = process_batch(processor, batch, *rest)
        return done

    BatchProcessor.process_batch = counted
    with tempfile.TemporaryDirectory() as scratch:
        train(TrainConfig(**configuration(model, folder, scratch)))


if __name__ == "__main__":
    main()
