"""Error reporting for damaged model folders."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqloom.errors import UserError


@contextmanager
def read_whole(folder: Path) -> Iterator[None]:
    """Report any exception while a model's files are read as damage of the folder.

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
