"""Device of a training or an inference."""

import torch

from seqloom.errors import UserError


def choose_device(wanted: str) -> torch.device:
    """Return the device of a recipe: for `auto` a GPU if there is one, else the CPU.

    Raises:
        UserError: a GPU is asked for and there is none.
    """
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UserError("training.device is cuda, but torch sees no GPU here; set training.device to auto or cpu")
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(wanted)
