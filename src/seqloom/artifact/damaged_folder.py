"""A folder that somebody else wrote, or changed: what goes wrong while it is read is told as its damage."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqloom.errors import UserError


@contextmanager
def read_whole(folder: Path) -> Iterator[None]:
    """Around the reading of a model's files alone: any exception there says that they are not what they were.

    JSON of another shape is an AttributeError, half a file of weights one of safetensors', sizes that do not belong to
    the weights torch's: who reads them wants to know which folder it is.

    Raises:
        UserError: the body raised anything.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise UserError(f"{folder} is damaged, or no model: {told}; fetch, export or train it again") from error
