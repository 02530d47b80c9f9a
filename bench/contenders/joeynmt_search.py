"""JoeyNMT's beam search with random weights: `python -m bench.contenders.joeynmt_search MODEL FOLDER`.

In its environment, by the function behind `joeynmt translate`. That function does not hand a least length on to the
search, which has one: it is set here, so that all answers are of one length.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import joeynmt.prediction
import torch
from joeynmt.config import parse_global_args
from joeynmt.data import load_data
from joeynmt.model import build_model
from joeynmt.search import search

from bench.contenders.joeynmt import configuration
from bench.search_turns import BEAM, TOKENS, answer_in_turns


def prepare(model: str, folder: Path, scratch: str) -> Callable[[list[str]], list[int]]:
    """Return the function that answers segmented texts and counts the tokens of the answers."""
    settings = configuration(model, folder, scratch)
    settings["testing"] |= {"beam_size": BEAM, "beam_alpha": 1.0, "max_output_length": TOKENS}
    args = parse_global_args(settings, rank=0, mode="train")
    source, target, _, _, data = load_data(cfg=args.data, datasets=["stream"])
    torch.manual_seed(1)
    network = build_model(args.model, src_vocab=source, trg_vocab=target).eval()
    joeynmt.prediction.search = partial(search, min_output_length=TOKENS - 1)

    def answer(texts: list[str]) -> list[int]:
        data.reset_cache()
        for text in texts:
            data.set_item(text)
        options = args.test._replace(batch_size=len(texts), batch_type="sentence")
        _, _, _, tokens, _, _ = joeynmt.prediction.predict(
            model=network,
            data=data,
            device=args.device,
            n_gpu=0,
            autocast=args.autocast,
            compute_loss=False,
            args=options,
        )
        return [len(each) for each in tokens]

    return answer


if __name__ == "__main__":
    answer_in_turns(prepare)
