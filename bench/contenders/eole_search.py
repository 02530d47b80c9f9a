"""Eole's beam search after one update: `python -m bench.contenders.eole_search MODEL FOLDER`, in its environment.

By the engine behind `eole predict`, which reads a checkpoint: a training of one update writes it. All answers are of
one length, as its options for the least and the greatest say.
"""

from collections.abc import Callable
from pathlib import Path

from eole.bin.run.train import train
from eole.config.run import PredictConfig, TrainConfig
from eole.inference_engine import InferenceEnginePY

from bench.contenders.eole import configuration
from bench.search_turns import BEAM, TOKENS, answer_in_turns


def prepare(model: str, folder: Path, scratch: str) -> Callable[[list[str]], list[int]]:
    """Return the function that answers segmented texts and counts the tokens of the answers."""
    settings = configuration(model, folder, scratch)
    settings["training"] |= {"train_steps": 1, "save_checkpoint_steps": 1}
    train(TrainConfig(**settings))
    engine = InferenceEnginePY(
        PredictConfig(
            model_path=scratch,
            src="",
            beam_size=BEAM,
            min_length=TOKENS - 1,
            max_length=TOKENS,
            max_length_ratio=0,
            batch_type="sents",
            batch_size=1000,
        )
    )

    def answer(texts: list[str]) -> list[int]:
        _, _, found = engine.infer_list(texts)
        return [len(best[0].split()) for best in found]

    return answer


if __name__ == "__main__":
    answer_in_turns(prepare)
