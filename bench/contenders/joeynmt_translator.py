"""JoeyNMT for so long, then its answers.

`python -m bench.contenders.joeynmt_translator FOLDER SECONDS LAYERS WIDTH FEEDFORWARD_WIDTH`, in its environment.
Its own trainer learns from `train.en` and `train.zh` until the seconds are over, its own beam search translates
`test.en`, and the tokens of each answer are a line on stdout. The sides have no words in common, so their embeddings
are apart; it is not interrupted by validations.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from joeynmt.config import parse_global_args, set_validation_args
from joeynmt.prediction import predict, prepare
from joeynmt.training import TrainManager
from torch.optim.optimizer import register_optimizer_step_post_hook

from bench.contenders.joeynmt import configuration, transformer
from bench.turns import take_stdout

# It learns most in its time from many small updates: after 400 of these, four minutes on one core, its loss was where
# three times as many minutes brought it with the batches of the race for speed.
TRAINING = {"batch_size": 1300, "learning_rate": 0.002, "learning_rate_warmup": 500, "clip_grad_norm": 1.0}


def translate_after(folder: Path, seconds: float, sizes: Sequence[int], scratch: str) -> list[list[str]]:
    """Train for `seconds`, and return the tokens of the translation of each test line."""
    args = parse_global_args(_configuration(folder, sizes, scratch), rank=0, mode="train")
    model, train, validation, test = prepare(args, rank=0, mode="train")
    manager = TrainManager(
        rank=0,
        model=model,
        model_dir=args.model_dir,
        device=args.device,
        autocast=args.autocast,
        seed=args.seed,
        train_args=args.train,
        dev_args=set_validation_args(args.test),
    )
    end = time.monotonic() + seconds

    def stop_in_time(*_: object) -> None:
        manager.stats.is_max_update = time.monotonic() >= end

    register_optimizer_step_post_hook(stop_in_time)
    manager.train_and_validate(train, validation)
    print(f"JoeyNMT: {manager.stats.steps} updates, {manager.stats.total_tokens} target tokens", file=sys.stderr)
    model.eval()
    tokens: list[list[str]]
    _, _, _, tokens, _, _ = predict(
        model=model, data=test, device=args.device, n_gpu=0, args=args.test, autocast=args.autocast
    )
    return tokens


def _configuration(folder: Path, sizes: Sequence[int], scratch: str) -> dict[str, Any]:
    """Return the configuration of the speed race, with other sizes, updates and languages."""
    settings = configuration("transformer", folder, scratch)
    settings["data"]["trg"] |= {"lang": "zh", "voc_file": str(folder / "vocabulary.zh")}
    settings["data"]["test"] = str(folder / "test")
    settings["testing"] |= {"beam_size": 5, "beam_alpha": 1.0}
    settings["training"] |= TRAINING
    settings["model"] = {**transformer(*sizes), "tied_embeddings": False}
    return settings


def main() -> None:
    """Train, then translate."""
    folder, seconds, *sizes = sys.argv[1:]
    stdout = take_stdout()
    with tempfile.TemporaryDirectory() as scratch:
        for tokens in translate_after(Path(folder), float(seconds), [int(size) for size in sizes], scratch):
            print(" ".join(tokens), file=stdout)


if __name__ == "__main__":
    main()
