"""A worker process that answers the texts of shards."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from seqloom.batch_inference.input_table import Rows
from seqloom.batch_inference.replies import replies_to
from seqloom.corpus.worker_processes import answer_of, serve
from seqloom.decoding.generator import Generator
from seqloom.decoding.generator_loader import load_together
from seqloom.recipe.schema import DecodingSection


def answer(task: str) -> str:
    """Answer the texts of a task, and return a reply to each."""
    asked = json.loads(task)

    def reply() -> dict[str, Any]:
        options = json.dumps(asked["options"], sort_keys=True)
        generator = _generator(tuple(asked["checkpoints"]), options, asked["device"], asked["processes"])
        wrong = {int(row): problem for row, problem in asked["wrong"].items()}
        rows = Rows(pa.table({}), asked["texts"], wrong)
        replies = replies_to(rows, generator, asked["longest"], asked["first"])
        return {"replies": [each for some in replies for each in some]}

    return answer_of(reply, asked["checkpoints"][0])


@lru_cache(maxsize=1)
def _generator(checkpoints: tuple[str, ...], options: str, device: str, processes: int) -> Generator:
    """Load a model or an ensemble, which stays for the next task; the processes of a machine share its cores."""
    import torch

    from seqloom.training.device import choose_device

    torch.set_num_threads(max(1, torch.get_num_threads() // processes))
    generator = load_together([Path(each) for each in checkpoints], checkpoints)
    if changed := json.loads(options):
        generator.decoding = DecodingSection(**{**vars(generator.decoding), **changed})
    generator.backend.move(choose_device(device))
    return generator


if __name__ == "__main__":
    serve(answer)
